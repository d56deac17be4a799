#include "utilities.h"

#ifdef USES_MAPI32

#include "props.h"
#include "session.h"

#include <tnef.h>

#include <cstring>

// Not in the import library of MinGW-w64's declarations under every version of its headers.
extern "C" HRESULT WINAPI HrThisThreadAdviseSink(LPMAPIADVISESINK sink, LPMAPIADVISESINK* wrapped);

namespace {

constexpr WORD KEY = 0x0C99;

// What a message may have that the headers of its mail do not say.
SizedSPropTagArray(7, CARRIED) = {7,
                                  {PR_IMPORTANCE, PR_PRIORITY, PR_SENSITIVITY, PR_CONVERSATION_TOPIC_W, PR_CONVERSATION_INDEX,
                                   PR_EXPIRY_TIME, PR_REPLY_TIME}};

LONG STDAPICALLTYPE count_changes(LPVOID context, ULONG count, LPNOTIFICATION) {
    *static_cast<ULONG*>(context) += count;
    return 0;
}

// A stream on a file that goes away with it.
void temporary(const Memory& memory, Ref<IStream>& stream) {
    check(OpenStreamOnFile(memory.allocate, memory.release,
                           SOF_UNIQUEFILENAME | STGM_CREATE | STGM_READWRITE | STGM_DELETEONRELEASE, nullptr,
                           reinterpret_cast<LPTSTR>(const_cast<char*>("cpp")), stream.out()));
}

void rewind(IStream* stream) {
    LARGE_INTEGER start = {};
    check(stream->Seek(start, STREAM_SEEK_SET, nullptr));
}

} // namespace

Utilities::Utilities() { check(MAPIInitialize(nullptr)); }

Utilities::~Utilities() { MAPIUninitialize(); }

void settings_table(const Memory& memory, const std::string& type) {
    SizedSPropTagArray(2, columns) = {2, {PR_INSTANCE_KEY, PR_DISPLAY_NAME_A}};
    Ref<ITableData> data;
    check(CreateTable(&IID_IMAPITableData, memory.allocate, memory.more, memory.release, nullptr, TBLTYPE_DYNAMIC,
                      PR_INSTANCE_KEY, reinterpret_cast<LPSPropTagArray>(&columns), data.out()));
    Ref<IMAPITable> view;
    check(data->HrGetView(nullptr, nullptr, 0, view.out()));
    ULONG changes = 0;
    Ref<IMAPIAdviseSink> sink, here;
    check(HrAllocAdviseSink(count_changes, &changes, sink.out()));
    check(HrThisThreadAdviseSink(sink.get(), here.out()));
    ULONG_PTR connection = 0;
    check(view->Advise(fnevTableModified, here.get(), reinterpret_cast<ULONG*>(&connection)));
    for (const std::string& value : {type, std::string("cppxp")}) {
        Props row;
        row.binary(PR_INSTANCE_KEY, value);
        row.ansi(PR_DISPLAY_NAME_A, value);
        SRow added = {0, row.count(), row.values()};
        check(data->HrModifyRow(&added));
    }
    check(view->Unadvise(static_cast<ULONG>(connection)));
    SizedSPropTagArray(1, first) = {1, {PR_DISPLAY_NAME_A}};
    check(HrAddColumnsEx(view.get(), reinterpret_cast<LPSPropTagArray>(&first), memory.allocate, memory.release, nullptr));
    Rows rows(memory);
    check(HrQueryAllRows(view.get(), nullptr, nullptr, nullptr, 0, rows.out()));
    bool right = changes == 2 && rows.count() == 2 && rows[0].lpProps[0].ulPropTag == PR_DISPLAY_NAME_A &&
                 type == rows[0].lpProps[0].Value.lpszA;
    if (!right) throw Failure{MAPI_E_CALL_FAILED};
}

LPPROPDATA property_object(const Memory& memory, ULONG count, LPSPropValue values) {
    LPPROPDATA made = nullptr;
    check(CreateIProp(&IID_IMAPIPropData, memory.allocate, memory.more, memory.release, nullptr, &made));
    HRESULT result = made->SetProps(count, values, nullptr);
    if (SUCCEEDED(result)) result = made->HrSetObjAccess(IPROP_READONLY);
    if (FAILED(result)) {
        UlRelease(made);
        throw Failure{result};
    }
    return made;
}

std::string encapsulate(Transfer& transfer, IMessage* message) {
    const Memory& memory = transfer.memory();
    transfer.step();
    bool any = false;
    for (ULONG i = 0; i < CARRIED.cValues && !any; ++i) any = FPropExists(message, CARRIED.aulPropTag[i]);
    if (!any) return {};
    Ref<IStream> stream;
    temporary(memory, stream);
    {
        transfer.step();
        Ref<ITnef> tnef;
        check(OpenTnefStreamEx(transfer.support(), stream.get(), reinterpret_cast<LPTSTR>(const_cast<char*>("winmail.dat")),
                               TNEF_ENCODE | TNEF_PURE, message, KEY, nullptr, tnef.out()));
        check(tnef->AddProps(TNEF_PROP_INCLUDE | TNEF_PROP_MESSAGE_ONLY, 0, nullptr, reinterpret_cast<LPSPropTagArray>(&CARRIED)));
        WORD key = 0;
        Block<STnefProblemArray> problems(memory);
        transfer.step();
        check(tnef->Finish(0, &key, problems.out()));
    }
    rewind(stream.get());
    std::string bytes;
    char chunk[4096];
    for (ULONG got = 1; got > 0;) {
        check(stream->Read(chunk, sizeof chunk, &got));
        bytes.append(chunk, got);
    }
    return bytes;
}

void unpack(Transfer& transfer, IMessage* message, const std::string& bytes) {
    const Memory& memory = transfer.memory();
    Ref<IStream> stream;
    temporary(memory, stream);
    ULONG written = 0;
    check(stream->Write(bytes.data(), static_cast<ULONG>(bytes.size()), &written));
    rewind(stream.get());
    transfer.step();
    Ref<ITnef> tnef;
    check(OpenTnefStreamEx(transfer.support(), stream.get(), reinterpret_cast<LPTSTR>(const_cast<char*>("winmail.dat")),
                           TNEF_DECODE, message, KEY, nullptr, tnef.out()));
    SizedSPropTagArray(2, without) = {2, {PR_MESSAGE_RECIPIENTS, PR_MESSAGE_ATTACHMENTS}};
    Block<STnefProblemArray> problems(memory);
    transfer.step();
    check(tnef->ExtractProps(TNEF_PROP_EXCLUDE, reinterpret_cast<LPSPropTagArray>(&without), problems.out()));
}

// The service entry. It is configured by properties alone: there is nobody to talk to.
extern "C" HRESULT STDAPICALLTYPE ServiceEntry(HINSTANCE, LPMALLOC, LPMAPISUP support, ULONG_PTR, ULONG, ULONG context,
                                               ULONG count, LPSPropValue props, LPPROVIDERADMIN admin, LPMAPIERROR* error) {
    if (error) *error = nullptr;
    switch (context) {
    case MSG_SERVICE_INSTALL:
    case MSG_SERVICE_CREATE:
    case MSG_SERVICE_DELETE:
    case MSG_SERVICE_UNINSTALL: return S_OK;
    case MSG_SERVICE_CONFIGURE: break;
    default: return MAPI_E_NO_SUPPORT;
    }
    if (!support || !admin) return MAPI_E_INVALID_PARAMETER;
    if (count == 0 || !props) return MAPI_E_UNCONFIGURED;
    return guarded([&]() -> HRESULT {
        Memory memory = {};
        check(support->GetMemAllocRoutines(&memory.allocate, &memory.more, &memory.release));
        Ref<IMAPITable> table;
        check(admin->GetProviderTable(0, table.out()));
        SizedSPropTagArray(1, columns) = {1, {PR_PROVIDER_UID}};
        Rows rows(memory);
        // The transports of the service, in their order.
        SPropValue transport = {};
        transport.ulPropTag = PR_RESOURCE_TYPE;
        transport.Value.l = MAPI_TRANSPORT_PROVIDER;
        SRestriction only = {};
        only.rt = RES_PROPERTY;
        only.res.resProperty = {RELOP_EQ, PR_RESOURCE_TYPE, &transport};
        SizedSSortOrderSet(1, order) = {1, 0, 0, {{PR_PROVIDER_ORDINAL, TABLE_SORT_ASCEND}}};
        check(HrQueryAllRows(table.get(), reinterpret_cast<LPSPropTagArray>(&columns), &only,
                             reinterpret_cast<LPSSortOrderSet>(&order), 0, rows.out()));
        for (ULONG i = 0; i < rows.count(); ++i) {
            const SPropValue* uid = find(rows[i].lpProps, rows[i].cValues, PR_PROVIDER_UID);
            if (!uid || uid->Value.bin.cb != sizeof(MAPIUID)) continue;
            Ref<IProfSect> section;
            check(admin->OpenProfileSection(reinterpret_cast<LPMAPIUID>(uid->Value.bin.lpb), nullptr, MAPI_MODIFY, section.out()));
            check(section->SetProps(count, props, nullptr));
            check(section->SaveChanges(0));
        }
        return S_OK;
    });
}

#endif
