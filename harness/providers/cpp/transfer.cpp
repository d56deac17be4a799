// Messages in process: their references, their cancellation, the yielding in between.
#include "session.h"

namespace {

// Between two SpoolerYield calls: so much data, or half the time that interacting-with-the-mapi-spooler calls long.
constexpr size_t YIELD_BYTES = 64 * 1024;
constexpr double YIELD_MS = 100;

// References are unique in the library, never 0 or 1 (which stand for "none yet"), and small: see `cancel`.
constexpr ULONG FIRST_REFERENCE = 0x100;
constexpr ULONG LAST_REFERENCE = 0xFFFF;
volatile LONG references_given = 0;

} // namespace

std::shared_ptr<InProcess> Session::begin(bool inbound, ULONG* reference) {
    auto message = std::make_shared<InProcess>();
    message->inbound = inbound;
    Hold hold(lock_);
    do {
        ULONG given = static_cast<ULONG>(InterlockedIncrement(&references_given));
        message->reference = FIRST_REFERENCE + given % (LAST_REFERENCE - FIRST_REFERENCE);
    } while (messages_.count(message->reference));
    messages_[message->reference] = message;
    // Under the lock: who learns the reference from the cell can cancel by it at once.
    *reference = message->reference;
    if (inbound) ++receiving_;
    return message;
}

void Session::finish(const InProcess& message) {
    Hold hold(lock_);
    messages_.erase(message.reference);
}

// A reference of 0 or 1 means the outbound or inbound message whose reference the spooler has not seen yet.
void Session::cancel(ULONG reference) {
    Hold hold(lock_);
    for (auto& [own, message] : messages_) {
        bool meant = reference <= 1 ? message->inbound == (reference == 1) : own == reference;
        if (meant && message->running) message->cancelled = true;
    }
}

void Transfer::step() {
    if (message_->cancelled || session_.closed()) throw Failure{MAPI_E_USER_CANCEL};
    if (moved_ < YIELD_BYTES && clock_ms() - yielded_ < YIELD_MS) return;
    moved_ = 0;
    yielded_ = clock_ms();
    {
        Hold hold(session_.lock_);
        if (message_->inbound ? session_.inbound_flush_ : session_.outbound_flush_) return;
    }
    HRESULT result = support_->SpoolerYield(0);
    check(result);
    if (result == MAPI_W_CANCEL_MESSAGE || message_->cancelled || session_.closed())
        throw Failure{MAPI_E_USER_CANCEL};
}

std::string Transfer::entry_id(const std::wstring& name, const std::wstring& address) {
    step();
    ULONG size = 0;
    Block<ENTRYID> entry(memory());
    // The strings are wide, as the flag says; the header's type is that of the ANSI form.
    auto wide = [](const std::wstring& text) { return reinterpret_cast<LPTSTR>(const_cast<wchar_t*>(text.c_str())); };
    LPTSTR type = wide(settings().wide_type);
    check(support_->CreateOneOff(wide(name), type, wide(address), MAPI_UNICODE, &size, entry.out()));
    return std::string(reinterpret_cast<const char*>(entry.get()), size);
}
