// Mail that comes in: how the spooler learns of it, and StartMessage.
#include "session.h"

#include "deliver.h"
#include "mail.h"
#include "maildrop.h"

#include <algorithm>
#include <exception>

namespace {

// How often the worker looks: at once for the eye where it alone finds mail, seldom where Idle helps.
constexpr DWORD NOTIFYING_TICK_MS = 5;
constexpr DWORD IDLE_TICK_MS = 20;

// Between the end of one message and the announcement of the next, so that announcements are further apart than the
// messages they announce.
constexpr double BREATH_MS = 2;

// After a message that could not be handed over, doubled each time.
constexpr double BACK_OFF_MS = 20;
constexpr double LONGEST_BACK_OFF_MS = 1000;

// Nothing for what cannot be read as a message, whatever the reason; only want of memory is none.
std::optional<Mail> try_parse(const std::string& raw) {
    try {
        return parse_mail(raw);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        return {};
    }
}

} // namespace

bool Session::mail_waits() {
    std::vector<std::wstring> names = waiting_mail(settings_.maildrop);
    Hold hold(lock_);
    return std::any_of(names.begin(), names.end(), [&](const std::wstring& name) { return !taken_.count(name); });
}

bool Session::may_announce() const {
    return offering_ && !announced_ && !receiving_ && clock_ms() >= not_before_;
}

void Session::announce(Hold& hold) {
    announced_ = true;
    ++announcing_;
    HRESULT result = hold.unlocked([&] {
        return guarded([&] {
            Use use(*this);
            return use.support()->SpoolerNotify(NOTIFY_NEWMAIL, nullptr);
        });
    });
    --announcing_;
    if (FAILED(result)) {
        announced_ = false;
        not_before_ = clock_ms() + BACK_OFF_MS;
    }
    WakeAllConditionVariable(&changed_);
}

unsigned __stdcall Session::run_worker(void* session) {
    static_cast<Session*>(session)->work();
    return 0;
}

void Session::work() {
    DWORD tick = settings_.style == Style::notifying ? NOTIFYING_TICK_MS : IDLE_TICK_MS;
    Hold hold(lock_);
    while (!closed_) {
        guarded([&] {
            if (may_announce() && hold.unlocked([&] { return mail_waits(); }) && may_announce()) announce(hold);
            return S_OK;
        });
        if (!closed_) hold.wait(changed_, offering_ ? tick : INFINITE);
    }
}

HRESULT Session::poll(ULONG* incoming) {
    {
        Hold hold(lock_);
        if (closed_) return MAPI_E_INVALID_OBJECT;
        if (!inbound_ || offline_) return S_OK;
    }
    *incoming = mail_waits() ? 1 : 0;
    return S_OK;
}

HRESULT Session::idle() {
    Hold hold(lock_);
    if (closed_) return MAPI_E_INVALID_OBJECT;
    if (settings_.style != Style::idle || !may_announce()) return S_OK;
    if (hold.unlocked([&] { return mail_waits(); }) && may_announce()) announce(hold);
    return S_OK;
}

HRESULT Session::start_message(IMessage* message, ULONG* reference) {
    Use use(*this);
    IMAPISupport* support = use.support();
    std::shared_ptr<InProcess> process = begin(true, reference);
    Delivery delivery = Delivery::none;
    HRESULT result = guarded([&] {
        delivery = deliver(message, Transfer(*this, support, process));
        return S_OK;
    });
    Hold hold(lock_);
    messages_.erase(process->reference);
    --receiving_;
    announced_ = false;
    failures_ = FAILED(result) || delivery == Delivery::barred ? failures_ + 1 : 0;
    double pause = BREATH_MS;
    if (failures_) pause = std::min(BACK_OFF_MS * (1u << std::min(failures_ - 1, 8u)), LONGEST_BACK_OFF_MS);
    not_before_ = clock_ms() + pause;
    // While flushing, the next message is announced from within the call that handed over this one.
    if (delivery == Delivery::done && inbound_flush_ && !closed_ && hold.unlocked([&] { return mail_waits(); }))
        announce(hold);
    WakeAllConditionVariable(&changed_);
    return result;
}

Session::Delivery Session::deliver(IMessage* message, const Transfer& given) {
    // A file that this call has taken, given back at its end unless it was delivered and could not be removed.
    struct Taken {
        Session& session;
        std::wstring name;
        bool ours;
        bool kept = false;
        Taken(Session& s, const std::wstring& n) : session(s), name(n) {
            Hold hold(session.lock_);
            ours = session.taken_.insert(name).second;
        }
        ~Taken() {
            if (!ours || kept) return;
            Hold hold(session.lock_);
            session.taken_.erase(name);
        }
    };
    Transfer transfer = given;
    {
        Hold hold(lock_);
        if (offline_ || (!inbound_ && !inbound_flush_)) return Delivery::none;
    }
    Delivery without = Delivery::none;
    for (const std::wstring& name : waiting_mail(settings_.maildrop)) {
        Taken taken(*this, name);
        if (!taken.ours) continue;
        std::optional<Waiting> file = Waiting::open(settings_.maildrop, name);
        std::optional<std::string> raw;
        if (file) raw = file->read();
        if (!raw) {
            without = Delivery::barred;
            continue;
        }
        std::optional<Mail> mail = try_parse(*raw);
        if (!mail) {
            // It must not block the rest, and nothing is thrown away.
            file.reset();
            set_aside(settings_.maildrop, name);
            continue;
        }
        deliver_mail(transfer, message, *mail);
        transfer.step();
        check(message->SaveChanges(0));
        // Only now: what was not saved would be lost.
        taken.kept = !file->remove();
        return Delivery::done;
    }
    return without;
}
