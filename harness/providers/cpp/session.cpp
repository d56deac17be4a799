// Logon, the status row, control by TransportNotify and FlushQueues, logoff.
#include "session.h"

#include "utilities.h"

#include "maildrop.h"
#include "status.h"

#include <process.h>

namespace {

// The provider's own properties in its profile section.
constexpr ULONG SECTION_MAILDROP = PROP_TAG(PT_STRING8, 0x6600);
constexpr ULONG SECTION_OUTBOX = PROP_TAG(PT_STRING8, 0x6601);
constexpr ULONG SECTION_TYPE = PROP_TAG(PT_STRING8, 0x6602);
constexpr ULONG SECTION_STYLE = PROP_TAG(PT_STRING8, 0x6603);
constexpr ULONG SECTION_IDENTITY = PROP_TAG(PT_STRING8, 0x6605);

constexpr wchar_t DISPLAY_NAME[] = L"C++ sample transport";

// How long a call waits for another thread's that may itself wait for this one: never for good.
constexpr double PATIENCE_MS = 100;

constexpr ULONG DIRECTIONS = NOTIFY_BEGIN_INBOUND | NOTIFY_END_INBOUND | NOTIFY_BEGIN_OUTBOUND | NOTIFY_END_OUTBOUND |
                             NOTIFY_BEGIN_INBOUND_FLUSH | NOTIFY_END_INBOUND_FLUSH | NOTIFY_BEGIN_OUTBOUND_FLUSH |
                             NOTIFY_END_OUTBOUND_FLUSH;

// The page has lppvData point to a pointer to the 32-bit value; hosts are known that pass the value, or a pointer
// to it, instead. A reference is small (transfer.cpp) and no valid address is.
ULONG reference_in(void** data) {
    if (!data) return 0;
    ULONG_PTR inner = reinterpret_cast<ULONG_PTR>(*data);
    return inner < 0x10000 ? static_cast<ULONG>(inner) : *static_cast<ULONG*>(*data);
}

} // namespace

double clock_ms() {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return 1000.0 * static_cast<double>(count.QuadPart) / static_cast<double>(frequency.QuadPart);
}

Session::Session(const Memory& memory, IMAPISupport* support, ULONG logon_flags)
    : memory_(memory), support_(support), logon_flags_(logon_flags), offline_(logon_flags & LOGON_NO_CONNECT) {
    support_->AddRef();
}

Session::~Session() = default;

void Session::release() {
    if (InterlockedDecrement(&references_) == 0) delete this;
}

void Session::start() {
    read_profile();
#ifdef USES_MAPI32
    settings_table(memory_, settings_.type);
#endif
    // What is not asked for yet need not be there yet. The rest of the service is not to suffer for a directory.
    auto missed = [&](ULONG unless, const std::wstring& directory) {
        return !offline_ && !(logon_flags_ & unless) && !is_directory(directory);
    };
    if (missed(LOGON_NO_INBOUND, settings_.maildrop) || missed(LOGON_NO_OUTBOUND, settings_.outbox))
        throw Failure{MAPI_E_FAILONEPROVIDER};
    ULONG size = 0;
    Block<ENTRYID> entry(memory_);
    auto wide = [](const wchar_t* text) { return reinterpret_cast<LPTSTR>(const_cast<wchar_t*>(text)); };
    check(support_->CreateOneOff(wide(settings_.address.c_str()), wide(settings_.wide_type.c_str()),
                                 wide(settings_.address.c_str()), MAPI_UNICODE, &size, entry.out()));
    identity_entryid_.assign(reinterpret_cast<const char*>(entry.get()), size);
    Props row = status_columns(true);
    check(support_->ModifyStatusRow(row.count(), row.values(), 0));
    if (settings_.style != Style::polled && !offline_) {
        uintptr_t thread = _beginthreadex(nullptr, 0, run_worker, this, CREATE_SUSPENDED, nullptr);
        if (!thread) throw Failure{MAPI_E_NOT_ENOUGH_RESOURCES};
        worker_ = reinterpret_cast<HANDLE>(thread);
        worker_id_ = GetThreadId(worker_);
        ResumeThread(worker_);
    }
}

void Session::read_profile() {
    Ref<IProfSect> section;
    check(support_->OpenProfileSection(nullptr, 0, section.out()));
    SizedSPropTagArray(5, tags) = {
        5, {SECTION_MAILDROP, SECTION_OUTBOX, SECTION_TYPE, SECTION_STYLE, SECTION_IDENTITY}};
    ULONG count = 0;
    Block<SPropValue> values(memory_);
    check(section->GetProps(reinterpret_cast<LPSPropTagArray>(&tags), 0, &count, values.out()));
    auto text = [&](ULONG tag) {
        const SPropValue* value = find(values.get(), count, tag);
        return std::string(value && value->Value.lpszA ? value->Value.lpszA : "");
    };
    settings_.maildrop = widen(text(SECTION_MAILDROP));
    settings_.outbox = widen(text(SECTION_OUTBOX));
    settings_.type = text(SECTION_TYPE).empty() ? "CPP" : text(SECTION_TYPE);
    settings_.wide_type = widen(settings_.type);
    settings_.address = text(SECTION_IDENTITY).empty() ? L"cpp@localhost" : widen(text(SECTION_IDENTITY));
    std::string style = text(SECTION_STYLE);
    if (settings_.maildrop.empty() || settings_.outbox.empty()) throw Failure{MAPI_E_UNCONFIGURED};
    if (style == "notify")
        settings_.style = Style::notifying;
    else if (style == "idle")
        settings_.style = Style::idle;
    else if (!style.empty() && style != "polled")
        throw Failure{MAPI_E_UNCONFIGURED};
}

Props Session::status_columns(bool wide) {
    LONG code = offline_ ? STATUS_OFFLINE : STATUS_AVAILABLE;
    {
        Hold hold(lock_);
        if (inbound_) code |= STATUS_INBOUND_ENABLED;
        if (outbound_) code |= STATUS_OUTBOUND_ENABLED;
        if (inbound_flush_) code |= STATUS_INBOUND_FLUSH;
        if (outbound_flush_) code |= STATUS_OUTBOUND_FLUSH;
    }
    Props columns;
    auto text = [&](ULONG tag, const std::wstring& value) {
        if (wide)
            columns.text(CHANGE_PROP_TYPE(tag, PT_UNICODE), value);
        else
            columns.ansi(CHANGE_PROP_TYPE(tag, PT_STRING8), narrow(value, CP_ACP));
    };
    text(PR_DISPLAY_NAME, DISPLAY_NAME);
    columns.number(PR_RESOURCE_METHODS, STATUS_VALIDATE_STATE | STATUS_FLUSH_QUEUES);
    columns.number(PR_STATUS_CODE, code);
    text(PR_STATUS_STRING, offline_ ? L"Offline" : L"Ready");
    text(PR_IDENTITY_DISPLAY, settings_.address);
    columns.binary(PR_IDENTITY_ENTRYID, identity_entryid_);
    columns.binary(PR_IDENTITY_SEARCH_KEY, search_key(settings_.wide_type, settings_.address));
    return columns;
}

HRESULT Session::update_row() {
    Use use(*this);
    Hold order(row_lock_);
    Props all = status_columns(true);
    SPropValue code = *find(all.values(), all.count(), PR_STATUS_CODE);
    return use.support()->ModifyStatusRow(1, &code, STATUSROW_UPDATE);
}

HRESULT Session::notify(ULONG flags, void** data) {
    if (closed()) return MAPI_E_INVALID_OBJECT;
    auto both = [&](ULONG begin, ULONG end) { return (flags & begin) && (flags & end); };
    if (both(NOTIFY_BEGIN_INBOUND, NOTIFY_END_INBOUND) || both(NOTIFY_BEGIN_OUTBOUND, NOTIFY_END_OUTBOUND))
        return MAPI_E_INVALID_PARAMETER;
    // Nothing is ever deferred here, so there is nothing to abort: with NOTIFY_ABORT_DEFERRED the data is an entry
    // identifier, not a reference.
    if ((flags & NOTIFY_CANCEL_MESSAGE) && !(flags & NOTIFY_ABORT_DEFERRED) && data) cancel(reference_in(data));
    if (!(flags & DIRECTIONS)) return S_OK;
    set_directions(flags);
    // S_OK is all that the page lists: the switch has been made even where the row could not show it.
    update_row();
    if (flags & NOTIFY_BEGIN_INBOUND) {
        Hold hold(lock_);
        // What was announced before was ignored, so whatever waits is announced again.
        announced_ = false;
        offering_ = !offline_;
        WakeAllConditionVariable(&changed_);
    }
    return S_OK;
}

void Session::set_directions(ULONG flags) {
    Hold hold(lock_);
    if (flags & NOTIFY_BEGIN_INBOUND) inbound_ = true;
    if (flags & NOTIFY_BEGIN_OUTBOUND) outbound_ = true;
    if (flags & NOTIFY_END_OUTBOUND) outbound_ = false;
    if (flags & NOTIFY_BEGIN_INBOUND_FLUSH) inbound_flush_ = true;
    if (flags & NOTIFY_BEGIN_OUTBOUND_FLUSH) outbound_flush_ = true;
    if (flags & NOTIFY_END_OUTBOUND_FLUSH) {
        outbound_flush_ = false;
        if (std::exchange(download_wanted_, false)) inbound_flush_ = true;
    }
    if (flags & NOTIFY_END_INBOUND_FLUSH) inbound_flush_ = download_wanted_ = false;
    if (flags & NOTIFY_END_INBOUND) {
        inbound_ = offering_ = false;
        // An announcement that is on its way lands before this call returns.
        double limit = clock_ms() + PATIENCE_MS;
        while (announcing_ && clock_ms() < limit) hold.wait(changed_, 10);
    }
}

HRESULT Session::flush(ULONG flags) {
    {
        Hold hold(lock_);
        if (closed_) return MAPI_E_INVALID_OBJECT;
        // First what goes out; TransportNotify turns to what comes in (see `set_directions`).
        if (flags & FLUSH_UPLOAD) {
            outbound_flush_ = true;
            if (flags & FLUSH_DOWNLOAD) download_wanted_ = true;
        } else if (flags & FLUSH_DOWNLOAD) {
            inbound_flush_ = true;
        }
    }
    return update_row();
}

HRESULT Session::validate(ULONG flags) {
    Use use(*this);
    IMAPISupport* support = use.support();
    // Header caches are for remote transports.
    if (flags & (REFRESH_XP_HEADER_CACHE | PROCESS_XP_HEADER_CACHE)) return MAPI_E_NO_SUPPORT;
    if (flags & CONFIG_CHANGED) check(support->SpoolerNotify(NOTIFY_CONFIG_CHANGE, nullptr));
    return S_OK;
}

bool Session::closed() {
    Hold hold(lock_);
    return closed_;
}

void Session::close() {
    HANDLE worker = nullptr;
    {
        Hold hold(lock_);
        if (closed_) return;
        closed_ = true;
        offering_ = false;
        for (auto& entry : messages_) entry.second->cancelled = true;
        worker = std::exchange(worker_, nullptr);
        WakeAllConditionVariable(&changed_);
    }
    if (worker) {
        if (GetCurrentThreadId() != worker_id_) WaitForSingleObject(worker, INFINITE);
        CloseHandle(worker);
    }
    {
        // A message in process stops at its next step. Where this call comes from within one of its callbacks it
        // cannot, and the support object is left for it to release.
        Hold hold(lock_);
        double limit = clock_ms() + PATIENCE_MS;
        while (uses_ && clock_ms() < limit) hold.wait(changed_, 10);
    }
    invalidate_status();
    IMAPISupport* due = nullptr;
    {
        Hold hold(lock_);
        if (uses_)
            support_due_ = true;
        else
            due = std::exchange(support_, nullptr);
    }
    if (due) due->Release();
}

Session::Use::Use(Session& session) : session_(session) {
    Hold hold(session_.lock_);
    if (session_.closed_) return;
    ++session_.uses_;
    support_ = session_.support_;
}

Session::Use::~Use() {
    if (!support_) return;
    IMAPISupport* due = nullptr;
    {
        Hold hold(session_.lock_);
        if (--session_.uses_ == 0 && session_.support_due_) due = std::exchange(session_.support_, nullptr);
        WakeAllConditionVariable(&session_.changed_);
    }
    if (due) due->Release();
}

IMAPISupport* Session::Use::support() const {
    if (!support_) throw Failure{MAPI_E_INVALID_OBJECT};
    return support_;
}
