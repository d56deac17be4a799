// One transport session: what a logon object and the status object opened from it share. It outlives the logoff
// as memory, until the last of the two is released; the support object does not.
#pragma once

#include "base.h"
#include "props.h"

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>

class Status;

enum class Style { polled, notifying, idle };

// What the provider's profile section says.
struct Settings {
    std::wstring maildrop;
    std::wstring outbox;
    std::string type;
    std::wstring wide_type;
    std::wstring address; // the identity's own
    Style style = Style::polled;
};

// A message in process, between the assignment of its reference and the end of the call (inbound) or EndMessage.
struct InProcess {
    ULONG reference = 0;
    bool inbound = false;
    // Its StartMessage or SubmitMessage has not returned yet.
    bool running = true;
    std::atomic<bool> cancelled{false};
};

// Milliseconds on the clock that never goes back.
double clock_ms();

class Session {
public:
    // Takes a reference to the support object.
    Session(const Memory& memory, IMAPISupport* support, ULONG logon_flags);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Reads the profile section, enters the status row, starts the worker where the style has one. Throws; `close`
    // undoes what was done until then.
    void start();

    void retain() { InterlockedIncrement(&references_); }
    void release();

    // Logoff: idempotent. Stops what runs, invalidates the status object, releases the support object last.
    void close();

    HRESULT notify(ULONG flags, void** data);
    HRESULT poll(ULONG* incoming);
    HRESULT idle();
    HRESULT start_message(IMessage* message, ULONG* reference);
    HRESULT submit_message(IMessage* message, ULONG* reference, ULONG* seconds);
    HRESULT end_message(ULONG reference);
    HRESULT flush(ULONG flags);
    HRESULT validate(ULONG flags);
    HRESULT open_status(const IID* interface_id, void** object);

    bool closed();
    const Settings& settings() const { return settings_; }
    const Memory& memory() const { return memory_; }
    // The columns of the status row, which are the properties of the status object too; `wide` chooses the strings.
    Props status_columns(bool wide);

    // A call in progress: while there is one, the support object is not released.
    class Use {
    public:
        explicit Use(Session& session);
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use();
        // MAPI_E_INVALID_OBJECT after logoff.
        IMAPISupport* support() const;

    private:
        Session& session_;
        IMAPISupport* support_ = nullptr;
    };

private:
    friend class Status;
    friend class Transfer;
    ~Session();

    void read_profile();
    HRESULT update_row();
    void set_directions(ULONG flags);
    void invalidate_status();
    std::shared_ptr<InProcess> begin(bool inbound, ULONG* reference);
    void finish(const InProcess& message);
    void cancel(ULONG reference);

    enum class Delivery { none, done, barred };
    Delivery deliver(IMessage* message, const class Transfer& transfer);
    HRESULT send(IMessage* message, class Transfer& transfer);
    bool mail_waits();
    bool may_announce() const;
    void announce(Hold& hold);
    static unsigned __stdcall run_worker(void* session);
    void work();

    volatile LONG references_ = 1;
    const Memory memory_;
    IMAPISupport* support_;
    Settings settings_;
    std::string identity_entryid_;
    const ULONG logon_flags_;
    const bool offline_;

    Lock lock_;
    CONDITION_VARIABLE changed_ = CONDITION_VARIABLE_INIT;
    // From here on under `lock_`.
    bool closed_ = false;
    unsigned uses_ = 0;
    bool support_due_ = false; // to be released by the last use
    bool inbound_ = false;
    bool outbound_ = false;
    bool inbound_flush_ = false;
    bool outbound_flush_ = false;
    // A flush of both directions turns to the inbound one at the end of the outbound one.
    bool download_wanted_ = false;
    std::map<ULONG, std::shared_ptr<InProcess>> messages_;
    std::set<std::wstring> taken_; // files that are being delivered, or were and could not be removed
    Status* status_ = nullptr;

    bool offering_ = false; // mail may be announced
    bool announced_ = false; // and not yet fetched
    unsigned announcing_ = 0;
    unsigned receiving_ = 0;
    unsigned failures_ = 0; // of StartMessage, in a row
    double not_before_ = 0;

    Lock row_lock_; // the row is written in the order in which the state changes
    HANDLE worker_ = nullptr;
    DWORD worker_id_ = 0;
};

// The transfer of one message: where it may stop, and yield.
class Transfer {
public:
    Transfer(Session& session, IMAPISupport* support, std::shared_ptr<InProcess> message)
        : session_(session), support_(support), message_(std::move(message)) {}
    // Before each callback: MAPI_E_USER_CANCEL once the message was cancelled, or the session ended. Gives the CPU back
    // when much was moved or time went by, except while the queue is flushed.
    void step();
    // So many bytes were moved.
    void moved(size_t bytes) { moved_ += bytes; }
    IMAPISupport* support() const { return support_; }
    const Memory& memory() const { return session_.memory(); }
    const Settings& settings() const { return session_.settings(); }
    // The entry identifier of an address of this transport.
    std::string entry_id(const std::wstring& name, const std::wstring& address);

private:
    Session& session_;
    IMAPISupport* support_;
    std::shared_ptr<InProcess> message_;
    size_t moved_ = 0;
    double yielded_ = clock_ms();
};

