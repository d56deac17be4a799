#include "props.h"

#include <cstring>

SPropValue& Props::add(ULONG tag) {
    SPropValue value = {};
    value.ulPropTag = tag;
    values_.push_back(value);
    return values_.back();
}

void Props::number(ULONG tag, LONG value) { add(tag).Value.l = value; }

void Props::flag(ULONG tag, bool value) { add(tag).Value.b = value ? TRUE : FALSE; }

void Props::time(ULONG tag, FILETIME value) { add(tag).Value.ft = value; }

void Props::text(ULONG tag, std::wstring value) {
    wide_.push_back(std::move(value));
    add(tag).Value.lpszW = wide_.back().data();
}

void Props::ansi(ULONG tag, std::string value) {
    bytes_.push_back(std::move(value));
    add(tag).Value.lpszA = bytes_.back().data();
}

void Props::binary(ULONG tag, std::string value) {
    bytes_.push_back(std::move(value));
    SPropValue& added = add(tag);
    added.Value.bin.cb = static_cast<ULONG>(bytes_.back().size());
    added.Value.bin.lpb = reinterpret_cast<LPBYTE>(bytes_.back().data());
}

void Props::copy_of(const SPropValue& value) {
    switch (PROP_TYPE(value.ulPropTag)) {
    case PT_LONG: return number(value.ulPropTag, value.Value.l);
    case PT_BOOLEAN: return flag(value.ulPropTag, value.Value.b != 0);
    case PT_SYSTIME: return time(value.ulPropTag, value.Value.ft);
    case PT_UNICODE: return text(value.ulPropTag, value.Value.lpszW);
    case PT_STRING8: return ansi(value.ulPropTag, value.Value.lpszA);
    case PT_BINARY:
        return binary(value.ulPropTag,
                      std::string(reinterpret_cast<const char*>(value.Value.bin.lpb), value.Value.bin.cb));
    default: return;
    }
}

SPropValue* Props::in_block(const Memory& memory) const {
#ifdef USES_MAPI32
    if (!values_.empty()) {
        LPSPropValue copy = nullptr;
        LPSPropValue from = const_cast<LPSPropValue>(values_.data());
        check(ScDupPropset(static_cast<int>(values_.size()), from, memory.allocate, &copy));
        return copy;
    }
#endif
    size_t room = values_.empty() ? 1 : values_.size();
    Block<SPropValue> block(memory, memory.block<SPropValue>(sizeof(SPropValue) * room));
    for (size_t i = 0; i < values_.size(); ++i) {
        SPropValue& copy = block.get()[i];
        copy = values_[i];
        const void* from = nullptr;
        size_t bytes = 0;
        switch (PROP_TYPE(copy.ulPropTag)) {
        case PT_UNICODE:
            from = copy.Value.lpszW;
            bytes = (wcslen(copy.Value.lpszW) + 1) * sizeof(WCHAR);
            break;
        case PT_STRING8:
            from = copy.Value.lpszA;
            bytes = strlen(copy.Value.lpszA) + 1;
            break;
        case PT_BINARY:
            from = copy.Value.bin.lpb;
            bytes = copy.Value.bin.cb;
            break;
        default: continue;
        }
        void* to = memory.part<void>(block.get(), bytes ? bytes : 1);
        memcpy(to, from, bytes);
        if (PROP_TYPE(copy.ulPropTag) == PT_BINARY)
            copy.Value.bin.lpb = static_cast<LPBYTE>(to);
        else
            copy.Value.lpszA = static_cast<LPSTR>(to);
    }
    return block.give_up();
}

AddressList::AddressList(const Memory& memory, size_t capacity)
    : memory_(memory), list_(memory.block<ADRLIST>(sizeof(ADRLIST) + sizeof(ADRENTRY) * capacity)) {
    list_->cEntries = 0;
}

AddressList::~AddressList() {
    if (!list_) return;
#ifdef USES_MAPI32
    FreePadrlist(list_);
#else
    for (ULONG i = 0; i < list_->cEntries; ++i)
        if (list_->aEntries[i].rgPropVals) memory_.release(list_->aEntries[i].rgPropVals);
    memory_.release(list_);
#endif
}

void AddressList::add(ULONG count, SPropValue* row) {
    ADRENTRY& entry = list_->aEntries[list_->cEntries++];
    entry.ulReserved1 = 0;
    entry.cValues = count;
    entry.rgPropVals = row;
}

Rows::~Rows() {
    if (!rows_) return;
#ifdef USES_MAPI32
    FreeProws(rows_);
#else
    for (ULONG i = 0; i < rows_->cRows; ++i)
        if (rows_->aRow[i].lpProps) memory_.release(rows_->aRow[i].lpProps);
    memory_.release(rows_);
#endif
}

const SPropValue* find(const SPropValue* values, ULONG count, ULONG tag) {
#ifdef USES_MAPI32
    return PpropFindProp(const_cast<LPSPropValue>(values), count, tag);
#else
    for (ULONG i = 0; i < count; ++i)
        if (values[i].ulPropTag == tag) return &values[i];
    return nullptr;
#endif
}

std::wstring text_of(const SPropValue* values, ULONG count, ULONG tag) {
    if (const SPropValue* wide = find(values, count, CHANGE_PROP_TYPE(tag, PT_UNICODE)))
        return wide->Value.lpszW;
    if (const SPropValue* ansi = find(values, count, CHANGE_PROP_TYPE(tag, PT_STRING8)))
        return widen(ansi->Value.lpszA);
    return {};
}

LONG number_of(const SPropValue* values, ULONG count, ULONG tag, LONG otherwise) {
    const SPropValue* value = find(values, count, tag);
    if (!value) return otherwise;
    return PROP_TYPE(tag) == PT_BOOLEAN ? (value->Value.b != 0) : value->Value.l;
}

std::string search_key(const std::wstring& type, const std::wstring& address) {
    std::wstring key = type + L":" + address;
    int length = static_cast<int>(key.size());
    LCMapStringW(LOCALE_INVARIANT, LCMAP_UPPERCASE, key.data(), length, key.data(), length);
    std::string bytes = narrow(key);
    bytes.push_back('\0');
    return bytes;
}

std::wstring widen(const std::string& bytes, UINT codepage) {
    if (bytes.empty()) return {};
    int size = static_cast<int>(bytes.size());
    int length = MultiByteToWideChar(codepage, 0, bytes.data(), size, nullptr, 0);
    std::wstring text(length, L'\0');
    MultiByteToWideChar(codepage, 0, bytes.data(), size, text.data(), length);
    return text;
}

std::string narrow(const std::wstring& text, UINT codepage) {
    if (text.empty()) return {};
    int size = static_cast<int>(text.size());
    int length = WideCharToMultiByte(codepage, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
    std::string bytes(length, '\0');
    WideCharToMultiByte(codepage, 0, text.data(), size, bytes.data(), length, nullptr, nullptr);
    return bytes;
}
