// Lists of property values, and recipients.
#pragma once

#include "base.h"

#include <deque>
#include <string>
#include <vector>

// Property values together with what they point to.
class Props {
public:
    Props() = default;
    Props(const Props&) = delete;
    Props& operator=(const Props&) = delete;
    Props(Props&&) = default;

    void number(ULONG tag, LONG value);
    void flag(ULONG tag, bool value);
    void time(ULONG tag, FILETIME value);
    void text(ULONG tag, std::wstring value);
    void ansi(ULONG tag, std::string value);
    void binary(ULONG tag, std::string value);
    // Adds a copy of `value` where it is text, a number or binary; anything else is left out.
    void copy_of(const SPropValue& value);

    ULONG count() const { return static_cast<ULONG>(values_.size()); }
    SPropValue* values() { return values_.data(); }
    // A copy in one block of MAPI's allocator, as ADRLIST and GetProps want it.
    SPropValue* in_block(const Memory& memory) const;

private:
    SPropValue& add(ULONG tag);
    std::vector<SPropValue> values_;
    std::deque<std::wstring> wide_;
    std::deque<std::string> bytes_;
};

// An ADRLIST and its rows, each its own block, as MAPI's rules for it want.
class AddressList {
public:
    AddressList(const Memory& memory, size_t capacity);
    AddressList(const AddressList&) = delete;
    AddressList& operator=(const AddressList&) = delete;
    ~AddressList();

    // Takes the row over.
    void add(ULONG count, SPropValue* row);
    void add(const Props& row) { add(row.count(), row.in_block(memory_)); }
    bool empty() const { return list_->cEntries == 0; }
    LPADRLIST get() const { return list_; }
    // MAPI has taken the list over.
    void give_up() { list_ = nullptr; }

private:
    const Memory& memory_;
    LPADRLIST list_;
};

// What a table gave: rows that free themselves.
class Rows {
public:
    explicit Rows(const Memory& memory) : memory_(memory) {}
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    ~Rows();
    LPSRowSet* out() { return &rows_; }
    ULONG count() const { return rows_ ? rows_->cRows : 0; }
    SRow& operator[](ULONG index) const { return rows_->aRow[index]; }

private:
    const Memory& memory_;
    LPSRowSet rows_ = nullptr;
};

// The value with this tag, or none; the type counts.
const SPropValue* find(const SPropValue* values, ULONG count, ULONG tag);
// The text of the property `tag`, whichever string type it came in; empty where it is missing.
std::wstring text_of(const SPropValue* values, ULONG count, ULONG tag);
LONG number_of(const SPropValue* values, ULONG count, ULONG tag, LONG otherwise);
// TYPE:ADDRESS in capitals, as search keys of addresses are formed.
std::string search_key(const std::wstring& type, const std::wstring& address);
// Wide and ANSI in the process's own code page, or in one given.
std::wstring widen(const std::string& bytes, UINT codepage = CP_ACP);
std::string narrow(const std::wstring& text, UINT codepage = CP_UTF8);
