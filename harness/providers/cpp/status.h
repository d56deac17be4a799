// The status object: the session's row of the status table as an object.
#pragma once

#include "session.h"

// It lives in a block of MAPI's allocator, and holds nothing but what it can let go of beforehand: MakeInvalid
// takes the memory over.
class Status final : public IMAPIStatus {
public:
    // The methods in its vtable, as MakeInvalid asks.
    static constexpr ULONG METHODS = 18;

    static Status* create(Session& session);

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, LPVOID* object) override;
    ULONG STDMETHODCALLTYPE AddRef() override;
    ULONG STDMETHODCALLTYPE Release() override;

    HRESULT STDMETHODCALLTYPE GetLastError(HRESULT result, ULONG flags, LPMAPIERROR* error) override;
    HRESULT STDMETHODCALLTYPE SaveChanges(ULONG flags) override;
    HRESULT STDMETHODCALLTYPE GetProps(LPSPropTagArray tags, ULONG flags, ULONG* count, LPSPropValue* values) override;
    HRESULT STDMETHODCALLTYPE GetPropList(ULONG flags, LPSPropTagArray* tags) override;
    HRESULT STDMETHODCALLTYPE OpenProperty(ULONG tag, LPCIID id, ULONG options, ULONG flags, LPUNKNOWN* object) override;
    HRESULT STDMETHODCALLTYPE SetProps(ULONG count, LPSPropValue values, LPSPropProblemArray* problems) override;
    HRESULT STDMETHODCALLTYPE DeleteProps(LPSPropTagArray tags, LPSPropProblemArray* problems) override;
    HRESULT STDMETHODCALLTYPE CopyTo(ULONG count, LPCIID excluded, LPSPropTagArray tags, ULONG window,
                                     LPMAPIPROGRESS progress, LPCIID id, LPVOID target, ULONG flags,
                                     LPSPropProblemArray* problems) override;
    HRESULT STDMETHODCALLTYPE CopyProps(LPSPropTagArray tags, ULONG window, LPMAPIPROGRESS progress, LPCIID id,
                                        LPVOID target, ULONG flags, LPSPropProblemArray* problems) override;
    HRESULT STDMETHODCALLTYPE GetNamesFromIDs(LPSPropTagArray* tags, LPGUID set, ULONG flags, ULONG* count,
                                              LPMAPINAMEID** names) override;
    HRESULT STDMETHODCALLTYPE GetIDsFromNames(ULONG count, LPMAPINAMEID* names, ULONG flags,
                                              LPSPropTagArray* tags) override;

    HRESULT STDMETHODCALLTYPE ValidateState(ULONG window, ULONG flags) override;
    HRESULT STDMETHODCALLTYPE SettingsDialog(ULONG window, ULONG flags) override;
    HRESULT STDMETHODCALLTYPE ChangePassword(LPTSTR old_password, LPTSTR new_password, ULONG flags) override;
    HRESULT STDMETHODCALLTYPE FlushQueues(ULONG window, ULONG size, LPENTRYID transport, ULONG flags) override;

private:
    friend class Session;
    explicit Status(Session& session) : session_(&session) {}
    ~Status() = default;
    // Its properties: the row's columns, and what MAPI computes for the row.
    Props properties(bool wide) const;

    volatile LONG references_ = 1;
    Session* session_; // one reference
};
