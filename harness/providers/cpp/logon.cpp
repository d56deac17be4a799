#include "logon.h"

#include "session.h"

#include <cstring>

namespace {

class Logon final : public IXPLogon {
public:
    // Takes the reference to the session over.
    explicit Logon(Session* session) : session_(session) {
        const Memory& memory = session->memory();
        const std::string& type = session->settings().type;
        Block<LPTSTR> types(memory, memory.block<LPTSTR>(sizeof(LPTSTR)));
        *types.get() = memory.part<char>(types.get(), type.size() + 1);
        memcpy(*types.get(), type.c_str(), type.size() + 1);
        types_ = types.give_up();
    }

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, LPVOID* object) override {
        if (!object) return MAPI_E_INVALID_PARAMETER;
        *object = nullptr;
        if (id != IID_IUnknown && id != IID_IXPLogon) return MAPI_E_INTERFACE_NOT_SUPPORTED;
        AddRef();
        *object = this;
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&references_); }
    ULONG STDMETHODCALLTYPE Release() override {
        LONG left = InterlockedDecrement(&references_);
        if (left == 0) {
            // Without TransportLogoff before it, the last Release does its work.
            log_off();
            session_->release();
            delete this;
        }
        return left;
    }

    // The array stays as it is until logoff.
    HRESULT STDMETHODCALLTYPE AddressTypes(ULONG* flags, ULONG* type_count, LPTSTR** types, ULONG* uid_count,
                                           LPMAPIUID** uids) override {
        if (!flags || !type_count || !types || !uid_count || !uids) return MAPI_E_INVALID_PARAMETER;
        *flags = 0; // the strings are ANSI
        *type_count = types_ ? 1 : 0;
        *types = types_;
        *uid_count = 0;
        *uids = nullptr;
        return types_ ? S_OK : MAPI_E_INVALID_OBJECT;
    }

    HRESULT STDMETHODCALLTYPE RegisterOptions(ULONG* flags, ULONG* count, LPOPTIONDATA* options) override {
        if (!flags || !count || !options) return MAPI_E_INVALID_PARAMETER;
        *flags = 0;
        *count = 0;
        *options = nullptr;
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE TransportNotify(ULONG* flags, LPVOID* data) override {
        if (!flags) return MAPI_E_INVALID_PARAMETER;
        return guarded([&] { return session_->notify(*flags, data); });
    }

    HRESULT STDMETHODCALLTYPE Idle(ULONG) override {
        return guarded([&] { return session_->idle(); });
    }

    HRESULT STDMETHODCALLTYPE TransportLogoff(ULONG) override {
        log_off();
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE SubmitMessage(ULONG, LPMESSAGE message, ULONG* reference, ULONG* seconds) override {
        if (seconds) *seconds = 0;
        if (!message || !reference || !seconds) return MAPI_E_INVALID_PARAMETER;
        return guarded([&] { return session_->submit_message(message, reference, seconds); });
    }

    HRESULT STDMETHODCALLTYPE EndMessage(ULONG reference, ULONG* flags) override {
        if (!flags) return MAPI_E_INVALID_PARAMETER;
        *flags = 0; // sent
        return guarded([&] { return session_->end_message(reference); });
    }

    HRESULT STDMETHODCALLTYPE Poll(ULONG* incoming) override {
        if (!incoming) return MAPI_E_INVALID_PARAMETER;
        *incoming = 0;
        return guarded([&] { return session_->poll(incoming); });
    }

    HRESULT STDMETHODCALLTYPE StartMessage(ULONG, LPMESSAGE message, ULONG* reference) override {
        if (!message || !reference) return MAPI_E_INVALID_PARAMETER;
        return guarded([&] { return session_->start_message(message, reference); });
    }

    HRESULT STDMETHODCALLTYPE OpenStatusEntry(LPCIID id, ULONG, ULONG* type, LPMAPISTATUS* entry) override {
        if (type) *type = 0;
        if (entry) *entry = nullptr;
        if (!type || !entry) return MAPI_E_INVALID_PARAMETER;
        return guarded([&] {
            HRESULT result = session_->open_status(id, reinterpret_cast<void**>(entry));
            if (SUCCEEDED(result)) *type = MAPI_STATUS;
            return result;
        });
    }

    HRESULT STDMETHODCALLTYPE ValidateState(ULONG, ULONG flags) override {
        return guarded([&] { return session_->validate(flags); });
    }

    HRESULT STDMETHODCALLTYPE FlushQueues(ULONG, ULONG, LPENTRYID, ULONG flags) override {
        return guarded([&] { return session_->flush(flags); });
    }

private:
    ~Logon() = default;

    void log_off() {
        LPTSTR* types = static_cast<LPTSTR*>(InterlockedExchangePointer(reinterpret_cast<void**>(&types_), nullptr));
        if (types) session_->memory().release(types);
        session_->close();
    }

    volatile LONG references_ = 1;
    Session* session_;
    LPTSTR* types_ = nullptr;
};

} // namespace

IXPLogon* open_logon(const Memory& memory, IMAPISupport* support, ULONG* flags) {
    // The session frees itself, and what it had taken, where anything from here on fails.
    struct Owner {
        Session* session;
        ~Owner() {
            if (session) {
                session->close();
                session->release();
            }
        }
    } owner{new Session(memory, support, *flags)};
    owner.session->start();
    Logon* logon = new Logon(owner.session);
    ULONG out = 0;
    switch (owner.session->settings().style) {
    case Style::polled: out = LOGON_SP_POLL; break;
    case Style::idle: out = LOGON_SP_IDLE; break;
    case Style::notifying: break;
    }
    owner.session = nullptr;
    *flags = out;
    return logon;
}
