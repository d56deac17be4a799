// The library's entry point and the provider object.
#include "logon.h"
#include "utilities.h"

namespace {

class Provider final : public IXPProvider {
public:
    explicit Provider(const Memory& memory) : memory_(memory) {}

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, LPVOID* object) override {
        if (!object) return MAPI_E_INVALID_PARAMETER;
        *object = nullptr;
        if (id != IID_IUnknown && id != IID_IXPProvider) return MAPI_E_INTERFACE_NOT_SUPPORTED;
        AddRef();
        *object = this;
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&references_); }
    ULONG STDMETHODCALLTYPE Release() override {
        LONG left = InterlockedDecrement(&references_);
        if (left == 0) delete this;
        return left;
    }

    // Nothing is left to do: every session is ended by its own logoff or release.
    HRESULT STDMETHODCALLTYPE Shutdown(ULONG*) override { return S_OK; }

    HRESULT STDMETHODCALLTYPE TransportLogon(LPMAPISUP support, ULONG, LPTSTR, ULONG* flags, LPMAPIERROR* error,
                                             LPXPLOGON* logon) override {
        if (error) *error = nullptr;
        if (logon) *logon = nullptr;
        if (!support || !flags || !logon) return MAPI_E_INVALID_PARAMETER;
        return guarded([&] {
            *logon = open_logon(memory_, support, flags);
            return S_OK;
        });
    }

private:
    ~Provider() = default;
    volatile LONG references_ = 1;
#ifdef USES_MAPI32
    const Utilities utilities_;
#endif
    const Memory memory_;
};

} // namespace

// The IMalloc is not kept, so it gets no reference: nothing here needs the OLE allocator.
extern "C" HRESULT __cdecl XPProviderInit(HINSTANCE, LPMALLOC, LPALLOCATEBUFFER allocate, LPALLOCATEMORE more,
                                          LPFREEBUFFER release, ULONG, ULONG mapi_version, ULONG* provider_version,
                                          LPXPPROVIDER* provider) {
    if (provider_version) *provider_version = 0;
    if (provider) *provider = nullptr;
    if (!allocate || !more || !release || !provider_version || !provider) return MAPI_E_INVALID_PARAMETER;
    // Newer hosts are served: the interface has only grown, and the host may refuse our version.
    if (mapi_version < static_cast<ULONG>(CURRENT_SPI_VERSION)) return MAPI_E_VERSION;
    return guarded([&] {
        *provider = new Provider({allocate, more, release});
        *provider_version = CURRENT_SPI_VERSION;
        return S_OK;
    });
}
