#include "status.h"

#include "utilities.h"

Status* Status::create(Session& session) {
    void* block = session.memory().block<void>(sizeof(Status));
    session.retain();
    return new (block) Status(session);
}

HRESULT Session::open_status(const IID* interface_id, void** object) {
    Hold hold(lock_);
    if (closed_) return MAPI_E_INVALID_OBJECT;
    if (status_) {
        status_->AddRef();
    } else {
        status_ = Status::create(*this);
    }
    HRESULT result = status_->QueryInterface(interface_id ? *interface_id : IID_IMAPIStatus, object);
    status_->Release();
    return result;
}

void Session::invalidate_status() {
    void* status = nullptr;
    LONG references = 0;
    {
        Hold hold(lock_);
        if (!status_) return;
        references = static_cast<LONG>(status_->AddRef());
        status = std::exchange(status_, nullptr);
    }
    HRESULT result = support_->MakeInvalid(0, status, static_cast<ULONG>(references), Status::METHODS);
    // The object may have another vtable now: the call must go through it, not straight to Status::Release.
    IUnknown* volatile unknown = static_cast<IUnknown*>(status);
    unknown->Release();
    // The memory is MAPI's now, and nothing will give this reference back. Where MAPI refused, the object answers
    // MAPI_E_INVALID_OBJECT itself, and releases the session in the end.
    if (SUCCEEDED(result)) release();
}

HRESULT Status::QueryInterface(REFIID id, LPVOID* object) {
    if (!object) return MAPI_E_INVALID_PARAMETER;
    *object = nullptr;
    if (id != IID_IUnknown && id != IID_IMAPIProp && id != IID_IMAPIStatus) return MAPI_E_INTERFACE_NOT_SUPPORTED;
    AddRef();
    *object = this;
    return S_OK;
}

ULONG Status::AddRef() { return InterlockedIncrement(&references_); }

ULONG Status::Release() {
    Session* session = session_;
    {
        // Under the session's lock, so that nobody is given an object that is on its way out.
        Hold hold(session->lock_);
        LONG left = InterlockedDecrement(&references_);
        if (left > 0) return left;
        if (session->status_ == this) session->status_ = nullptr;
    }
    const Memory& memory = session->memory();
    this->~Status();
    memory.release(this);
    session->release();
    return 0;
}

Props Status::properties(bool wide) const {
    Props all = session_->status_columns(wide);
    all.number(PR_OBJECT_TYPE, MAPI_STATUS);
    all.number(PR_RESOURCE_TYPE, MAPI_TRANSPORT_PROVIDER);
    return all;
}

HRESULT Status::GetLastError(HRESULT, ULONG, LPMAPIERROR* error) {
    if (!error) return MAPI_E_INVALID_PARAMETER;
    *error = nullptr;
    return S_OK;
}

HRESULT Status::GetProps(LPSPropTagArray tags, ULONG flags, ULONG* count, LPSPropValue* values) {
    if (count) *count = 0;
    if (values) *values = nullptr;
    if (!count || !values) return MAPI_E_INVALID_PARAMETER;
    return guarded([&]() -> HRESULT {
        if (session_->closed()) return MAPI_E_INVALID_OBJECT;
        bool wide = flags & MAPI_UNICODE;
        Props all = properties(wide);
#ifdef USES_MAPI32
        // MAPI's object knows what IMAPIProp asks of types and errors.
        LPPROPDATA object = property_object(session_->memory(), all.count(), all.values());
        HRESULT got = object->GetProps(tags, flags, count, values);
        UlRelease(object);
        return got;
#else
        if (!tags) {
            *values = all.in_block(session_->memory());
            *count = all.count();
            return S_OK;
        }
        Props wide_all = properties(true), ansi_all = properties(false), asked;
        HRESULT result = S_OK;
        for (ULONG i = 0; i < tags->cValues; ++i) {
            ULONG tag = tags->aulPropTag[i];
            ULONG type = PROP_TYPE(tag);
            Props& source = type == PT_UNICODE ? wide_all : type == PT_STRING8 ? ansi_all : all;
            const SPropValue* found = nullptr;
            for (ULONG j = 0; j < source.count(); ++j)
                if (PROP_ID(source.values()[j].ulPropTag) == PROP_ID(tag)) found = &source.values()[j];
            if (found && (type == PT_UNSPECIFIED || type == PROP_TYPE(found->ulPropTag))) {
                asked.copy_of(*found);
            } else {
                asked.number(CHANGE_PROP_TYPE(tag, PT_ERROR), MAPI_E_NOT_FOUND);
                result = MAPI_W_ERRORS_RETURNED;
            }
        }
        *values = asked.in_block(session_->memory());
        *count = asked.count();
        return result;
#endif
    });
}

HRESULT Status::GetPropList(ULONG flags, LPSPropTagArray* tags) {
    if (!tags) return MAPI_E_INVALID_PARAMETER;
    *tags = nullptr;
    return guarded([&]() -> HRESULT {
        if (session_->closed()) return MAPI_E_INVALID_OBJECT;
        Props all = properties(flags & MAPI_UNICODE);
        LPSPropTagArray list = session_->memory().block<SPropTagArray>(CbNewSPropTagArray(all.count()));
        list->cValues = all.count();
        for (ULONG i = 0; i < all.count(); ++i) list->aulPropTag[i] = all.values()[i].ulPropTag;
        *tags = list;
        return S_OK;
    });
}

HRESULT Status::ValidateState(ULONG, ULONG flags) {
    return guarded([&] { return session_->validate(flags); });
}

HRESULT Status::FlushQueues(ULONG, ULONG, LPENTRYID, ULONG flags) {
    return guarded([&] { return session_->flush(flags); });
}

// What PR_RESOURCE_METHODS does not announce, and what would change a read-only object.

HRESULT Status::SettingsDialog(ULONG, ULONG) { return MAPI_E_NO_SUPPORT; }

HRESULT Status::ChangePassword(LPTSTR, LPTSTR, ULONG) { return MAPI_E_NO_SUPPORT; }

HRESULT Status::SaveChanges(ULONG) { return MAPI_E_NO_SUPPORT; }

HRESULT Status::OpenProperty(ULONG, LPCIID, ULONG, ULONG, LPUNKNOWN* object) {
    if (object) *object = nullptr;
    return MAPI_E_NO_SUPPORT;
}

HRESULT Status::SetProps(ULONG, LPSPropValue, LPSPropProblemArray* problems) {
    if (problems) *problems = nullptr;
    return MAPI_E_NO_ACCESS;
}

HRESULT Status::DeleteProps(LPSPropTagArray, LPSPropProblemArray* problems) {
    if (problems) *problems = nullptr;
    return MAPI_E_NO_ACCESS;
}

HRESULT Status::CopyTo(ULONG, LPCIID, LPSPropTagArray, ULONG, LPMAPIPROGRESS, LPCIID, LPVOID, ULONG,
                       LPSPropProblemArray* problems) {
    if (problems) *problems = nullptr;
    return MAPI_E_NO_SUPPORT;
}

HRESULT Status::CopyProps(LPSPropTagArray, ULONG, LPMAPIPROGRESS, LPCIID, LPVOID, ULONG, LPSPropProblemArray* problems) {
    if (problems) *problems = nullptr;
    return MAPI_E_NO_SUPPORT;
}

HRESULT Status::GetNamesFromIDs(LPSPropTagArray*, LPGUID, ULONG, ULONG* count, LPMAPINAMEID** names) {
    if (count) *count = 0;
    if (names) *names = nullptr;
    return MAPI_E_NO_SUPPORT;
}

HRESULT Status::GetIDsFromNames(ULONG, LPMAPINAMEID*, ULONG, LPSPropTagArray* tags) {
    if (tags) *tags = nullptr;
    return MAPI_E_NO_SUPPORT;
}
