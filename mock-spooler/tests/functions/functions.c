/* Calls every function of mapi32.dll through its C declaration, and compares with what its page says.
 *
 * A library that is loaded like a candidate: the checks run within XPProviderInit, so the exports serve the mock's own process.
 * It writes a line for each function to the file that FUNCTIONS_REPORT names: `ok NAME` or `FAIL NAME: what`.
 * ../functions.rs builds it against the import library of MinGW-w64, runs it and reads the lines.
 */
#define INITGUID
#define USES_IID_IMAPIPropData
#define USES_IID_IMAPITableData
#define USES_IID_IMAPIProp
#include <windows.h>

#include <mapidefs.h>
#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapispi.h>
#include <mapiutil.h>
#include <mapival.h>
#include <mapix.h>
#include <tnef.h>

#include <stdio.h>
#include <string.h>

#include "names.h" /* made of the declaration: UNSERVED(X), SERVED(X) */

#define TAG_RTF PROP_TAG(PT_BINARY, 0x1009)

/* These headers lack it. */
WINBOOL WINAPI IsBadBoundedStringPtr(const void *text, UINT most);
/* The import library lacks it, too. */
typedef HRESULT(WINAPI *WRAPEX)(LPSTREAM packed, const void *options, LPSTREAM *made, void *told);
HRESULT WINAPI WrapStoreEntryID(ULONG flags, LPTSTR library, ULONG size, LPENTRYID original, ULONG *wrapped_size, LPENTRYID *wrapped);
int WINAPI MNLS_lstrlenW(LPCWSTR text);
LPWSTR WINAPI MNLS_lstrcpyW(LPWSTR to, LPCWSTR from);
WINBOOL WINAPI MNLS_IsBadStringPtrW(LPCWSTR text, UINT most);
int WINAPI MNLS_CompareStringW(LCID locale, DWORD flags, LPCWSTR one, int count, LPCWSTR other, int other_count);
int WINAPI MNLS_lstrcmpW(LPCWSTR one, LPCWSTR other);
int WINAPI MNLS_MultiByteToWideChar(UINT page, DWORD flags, LPCSTR from, int count, LPWSTR to, int room);
int WINAPI MNLS_WideCharToMultiByte(UINT page, DWORD flags, LPCWSTR from, int count, LPSTR to, int room, LPCSTR other, LPBOOL used);
SCODE WINAPI MapStorageSCode(SCODE code);

static FILE *report;
static const char *current;
static int wrong;
static LPALLOCATEBUFFER given_allocate;
static LPALLOCATEMORE given_more;
static LPFREEBUFFER given_free;
static LPMALLOC given_malloc;
static HINSTANCE own_instance;

static void begin(const char *name) {
    current = name;
    wrong = 0;
    fprintf(report, "at %s\n", name);
    fflush(report);
}
static void check(int holds, const char *what, int line) {
    if (holds || wrong) return;
    wrong = 1;
    fprintf(report, "FAIL %s: line %d: %s\n", current, line, what);
    fflush(report);
}
static void end(void) {
    if (!wrong) fprintf(report, "ok %s\n", current);
    fflush(report);
}
#define OK(condition) check((condition), #condition, __LINE__)
#define TEST(name) for (int once_ = (begin(#name), 1); once_; once_ = 0, end())

static SPropValue long_prop(ULONG tag, LONG value) {
    SPropValue prop = {0};
    prop.ulPropTag = tag;
    prop.Value.l = value;
    return prop;
}
static SPropValue text_prop(ULONG tag, const char *text) {
    SPropValue prop = {0};
    prop.ulPropTag = tag;
    prop.Value.lpszA = (LPSTR)text;
    return prop;
}
static SPropValue bin_prop(ULONG tag, const char *bytes, ULONG size) {
    SPropValue prop = {0};
    prop.ulPropTag = tag;
    prop.Value.bin.cb = size;
    prop.Value.bin.lpb = (LPBYTE)bytes;
    return prop;
}

/* A set of every shape: a number, two strings, bytes, several strings. */
static LPSTR several[] = {(LPSTR)"one", (LPSTR)"three"};
static ULONG make_set(SPropValue *set) {
    set[0] = long_prop(PR_PRIORITY, 1);
    set[1] = text_prop(PR_SUBJECT_A, "subject");
    set[2] = bin_prop(PR_SEARCH_KEY, "\1\2\3", 3);
    memset(&set[3], 0, sizeof set[3]);
    set[3].ulPropTag = PROP_TAG(PT_MV_STRING8, 0x6601);
    set[3].Value.MVszA.cValues = 2;
    set[3].Value.MVszA.lppszA = several;
    return 4;
}
static int same_set(const SPropValue *set) {
    return set[0].Value.l == 1 && !strcmp(set[1].Value.lpszA, "subject") && set[2].Value.bin.cb == 3 &&
           !memcmp(set[2].Value.bin.lpb, "\1\2\3", 3) && set[3].Value.MVszA.cValues == 2 &&
           !strcmp(set[3].Value.MVszA.lppszA[1], "three");
}

static void initialisation(void) {
    TEST(MAPIInitialize) {
        struct { ULONG version, flags; } init = {0, 1};
        OK(MAPIInitialize(NULL) == S_OK);
        OK(MAPIInitialize(&init) == S_OK);
    }
    TEST(MAPIUninitialize) {
        MAPIUninitialize();
        MAPIUninitialize();
    }
    TEST(ScInitMapiUtil) OK(ScInitMapiUtil(0) == S_OK);
    TEST(DeinitMapiUtil) DeinitMapiUtil();
    void *block = NULL;
    TEST(MAPIAllocateBuffer) {
        OK(MAPIAllocateBuffer(16, &block) == S_OK && block);
        void *other = NULL;
        OK(given_allocate(16, &other) == S_OK && other != block);
        /* One allocator: what the one made the other frees. */
        OK(MAPIFreeBuffer(other) == 0);
    }
    TEST(MAPIAllocateMore) {
        void *more = NULL;
        OK(MAPIAllocateMore(8, block, &more) == S_OK && more);
        OK(given_more(8, block, &more) == S_OK && more);
    }
    TEST(MAPIFreeBuffer) {
        OK(given_free(block) == 0);
        OK(MAPIFreeBuffer(NULL) == 0);
    }
    TEST(MAPIReallocateBuffer) {
        SCODE(WINAPI * reallocate)(LPVOID, ULONG, LPVOID *) =
            (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "MAPIReallocateBuffer");
        char *small = NULL, *large = NULL;
        OK(reallocate != NULL);
        OK(MAPIAllocateBuffer(4, (void **)&small) == S_OK);
        memcpy(small, "abc", 4);
        OK(reallocate(small, 4096, (void **)&large) == S_OK && large && !strcmp(large, "abc"));
        MAPIFreeBuffer(large);
    }
    TEST(MAPIGetDefaultMalloc) {
        LPMALLOC malloc_ = MAPIGetDefaultMalloc();
        void *own = malloc_ ? malloc_->lpVtbl->Alloc(malloc_, 8) : NULL;
        OK(own != NULL);
        /* The same books as those of the IMalloc that XPProviderInit got. */
        OK(given_malloc->lpVtbl->DidAlloc(given_malloc, own) == 1);
        malloc_->lpVtbl->Free(malloc_, own);
    }
}

static void arrays(void) {
    SPropValue set[4];
    ULONG count = make_set(set), size = 0, copied = 0;
    TEST(PpropFindProp) {
        OK(PpropFindProp(set, count, PR_SUBJECT_A) == &set[1]);
        OK(PpropFindProp(set, count, PROP_TAG(PT_UNSPECIFIED, 0x0037)) == &set[1]);
        OK(PpropFindProp(set, count, PR_SUBJECT_W) == NULL);
        OK(PpropFindProp(set, 1, PR_SUBJECT_A) == NULL);
    }
    TEST(LpValFindProp) OK(LpValFindProp(PR_SEARCH_KEY, count, set) == &set[2]);
    TEST(ScCountProps) {
        OK(ScCountProps(count, set, &size) == S_OK);
        OK(size >= 4 * sizeof(SPropValue) + 8 + 3 + 2 * sizeof(LPSTR) + 4 + 6);
        SPropValue bad = long_prop(PROP_TAG(PT_LONG, 0), 1);
        OK(ScCountProps(1, &bad, NULL) == MAPI_E_INVALID_PARAMETER);
        SPropValue none = set[3];
        none.Value.MVszA.cValues = 0;
        OK(ScCountProps(1, &none, NULL) == MAPI_E_INVALID_PARAMETER);
        OK(ScCountProps(count, set, NULL) == S_OK);
    }
    char *block = NULL, *moved = NULL;
    MAPIAllocateBuffer(size, (void **)&block);
    MAPIAllocateBuffer(size, (void **)&moved);
    TEST(ScCopyProps) {
        OK(ScCopyProps(count, set, block, &copied) == S_OK && copied == size);
        SPropValue *copy = (SPropValue *)block;
        OK(same_set(copy) && copy[1].ulPropTag == PR_SUBJECT_A);
        OK(copy[1].Value.lpszA >= block && copy[1].Value.lpszA < block + size);
        SPropValue odd = long_prop(PROP_TAG(0x77, 0x6600), 1);
        OK(ScCopyProps(1, &odd, moved, NULL) == MAPI_E_INVALID_PARAMETER);
    }
    TEST(ScRelocProps) {
        /* To a disk and back: bases of zero in between. */
        OK(ScRelocProps(count, (SPropValue *)block, block, 0, &copied) == S_OK && copied == size);
        memcpy(moved, block, size);
        memset(block, 0xEE, size);
        OK(ScRelocProps(count, (SPropValue *)moved, 0, moved, &copied) == S_OK && copied == size);
        OK(same_set((SPropValue *)moved));
    }
    MAPIFreeBuffer(block);
    MAPIFreeBuffer(moved);
    TEST(ScDupPropset) {
        LPSPropValue dup = NULL;
        OK(ScDupPropset(count, set, given_allocate, &dup) == S_OK && dup && same_set(dup));
        OK(MAPIFreeBuffer(dup) == 0);
    }
    TEST(UlPropSize) {
        OK(UlPropSize(&set[0]) == 4 && UlPropSize(&set[1]) == 8 && UlPropSize(&set[2]) == 3);
    }
    TEST(PropCopyMore) {
        LPSPropValue copy = NULL;
        MAPIAllocateBuffer(sizeof *copy, (void **)&copy);
        OK(PropCopyMore(copy, &set[1], given_more, copy) == S_OK);
        OK(copy->Value.lpszA != set[1].Value.lpszA && !strcmp(copy->Value.lpszA, "subject"));
        SPropValue odd = long_prop(PROP_TAG(0x77, 0x6600), 1);
        OK(PropCopyMore(copy, &odd, given_more, copy) == MAPI_E_NO_SUPPORT);
        MAPIFreeBuffer(copy);
    }
    SPropValue one = long_prop(PR_PRIORITY, 1), two = long_prop(PR_PRIORITY, 2);
    SPropValue upper = text_prop(PR_SUBJECT_A, "Subject matter"), part = text_prop(PR_SUBJECT_A, "subject");
    TEST(FPropCompareProp) {
        OK(FPropCompareProp(&one, RELOP_LT, &two) && FPropCompareProp(&one, RELOP_NE, &two));
        OK(!FPropCompareProp(&one, RELOP_GE, &two) && !FPropCompareProp(&one, RELOP_EQ, &part));
    }
    TEST(FPropContainsProp) {
        OK(FPropContainsProp(&upper, &part, FL_PREFIX | FL_IGNORECASE));
        OK(!FPropContainsProp(&upper, &part, FL_PREFIX) && !FPropContainsProp(&upper, &part, FL_FULLSTRING | FL_IGNORECASE));
        OK(FPropContainsProp(&upper, &upper, 0x7777) && !FPropContainsProp(&upper, &one, FL_SUBSTRING));
    }
    TEST(LPropCompareProp) {
        OK(LPropCompareProp(&one, &two) < 0 && LPropCompareProp(&two, &one) > 0 && LPropCompareProp(&one, &one) == 0);
    }
    TEST(FEqualNames) {
        GUID set_guid = IID_IMAPIProp;
        MAPINAMEID id = {&set_guid, MNID_ID, {7}}, id_too = {&set_guid, MNID_ID, {7}}, name = {&set_guid, MNID_STRING, {0}},
                   name_too = name;
        name.Kind.lpwstrName = (LPWSTR)L"colour";
        name_too.Kind.lpwstrName = (LPWSTR)L"Colour";
        OK(FEqualNames(&id, &id_too) && !FEqualNames(&id, &name) && FEqualNames(&name, &name));
        OK(!FEqualNames(&name, &name_too));
    }
}

static void prop_objects(void) {
    LPPROPDATA data = NULL;
    TEST(CreateIProp) {
        LPPROPDATA wrong_one = NULL;
        OK(CreateIProp(&IID_IMAPITableData, given_allocate, given_more, given_free, NULL, &wrong_one) ==
           MAPI_E_INTERFACE_NOT_SUPPORTED);
        OK(CreateIProp(&IID_IMAPIPropData, given_allocate, given_more, given_free, NULL, &data) == S_OK && data);
        SPropValue set[4];
        OK(data->lpVtbl->SetProps(data, make_set(set), set, NULL) == S_OK);
        SizedSPropTagArray(1, tags) = {1, {PR_PRIORITY}};
        LPSPropTagArray asked = (LPSPropTagArray)&tags;
        ULONG *access = NULL, wanted = IPROP_READONLY | IPROP_CLEAN;
        OK(data->lpVtbl->HrGetPropAccess(data, &asked, &access) == S_OK && access[0] == IPROP_DIRTY);
        MAPIFreeBuffer(access);
        OK(data->lpVtbl->HrSetPropAccess(data, asked, &wanted) == S_OK);
        OK(data->lpVtbl->HrGetPropAccess(data, &asked, &access) == S_OK && access[0] == IPROP_READONLY);
        MAPIFreeBuffer(access);
        SPropValue again = long_prop(PR_PRIORITY, 9);
        OK(HrSetOneProp((LPMAPIPROP)data, &again) == MAPI_E_NO_ACCESS);
        wanted = IPROP_READONLY | IPROP_READWRITE;
        OK(data->lpVtbl->HrSetPropAccess(data, asked, &wanted) == MAPI_E_INVALID_PARAMETER);
        OK(data->lpVtbl->HrSetObjAccess(data, IPROP_READONLY) == S_OK);
        SizedSPropTagArray(1, object) = {1, {PR_ATTACH_DATA_OBJ}};
        OK(data->lpVtbl->HrAddObjProps(data, (LPSPropTagArray)&object, NULL) == MAPI_E_NO_ACCESS);
        OK(data->lpVtbl->HrSetObjAccess(data, IPROP_READWRITE) == S_OK);
        OK(data->lpVtbl->HrAddObjProps(data, (LPSPropTagArray)&object, NULL) == S_OK);
        OK(data->lpVtbl->HrAddObjProps(data, (LPSPropTagArray)&tags, NULL) == MAPI_E_INVALID_TYPE);
    }
    LPMAPIPROP prop = (LPMAPIPROP)data;
    TEST(HrGetOneProp) {
        LPSPropValue value = NULL;
        OK(HrGetOneProp(prop, PR_SUBJECT_A, &value) == S_OK && value && !strcmp(value->Value.lpszA, "subject"));
        MAPIFreeBuffer(value);
        OK(HrGetOneProp(prop, PR_BODY_A, &value) == MAPI_E_NOT_FOUND && value == NULL);
    }
    TEST(HrSetOneProp) {
        SPropValue value = text_prop(PR_SUBJECT_A, "other");
        LPSPropValue back = NULL;
        OK(HrSetOneProp(prop, &value) == S_OK);
        OK(HrGetOneProp(prop, PR_SUBJECT_A, &back) == S_OK && !strcmp(back->Value.lpszA, "other"));
        MAPIFreeBuffer(back);
    }
    TEST(FPropExists) {
        OK(FPropExists(prop, PR_SUBJECT_A) && FPropExists(prop, PROP_TAG(PT_UNSPECIFIED, 0x0037)));
        OK(!FPropExists(prop, PR_BODY_A));
    }
    TEST(UlAddRef) OK(UlAddRef(data) == 2);
    TEST(UlRelease) OK(UlRelease(data) == 1 && UlRelease(data) == 0 && UlRelease(NULL) == 0);
}

static int told;
static LONG WINAPI on_notify(LPVOID context, ULONG count, LPNOTIFICATION events) {
    if (context == &told && count == 1 && events->ulEventType == fnevTableModified) told++;
    return 0;
}
static int released;
static void WINAPI on_release(ULONG_PTR data, LPTABLEDATA table, LPMAPITABLE view) {
    if (data == 42 && table && view) released++;
}
static void WINAPI filter_none(LPSPropTagArray tags) {
    for (ULONG i = 0; i < tags->cValues; i++)
        if (tags->aulPropTag[i] == PR_DISPLAY_NAME_A) tags->aulPropTag[i] = PR_NULL;
}

static SRow make_row(SPropValue *props, const char *key, const char *name, LONG number) {
    props[0] = bin_prop(PR_INSTANCE_KEY, key, 1);
    props[1] = text_prop(PR_DISPLAY_NAME_A, name);
    props[2] = long_prop(PR_RECIPIENT_TYPE, number);
    SRow row = {0, 3, props};
    return row;
}

static void tables(void) {
    LPTABLEDATA data = NULL;
    LPMAPITABLE view = NULL;
    SizedSPropTagArray(3, columns) = {3, {PR_INSTANCE_KEY, PR_DISPLAY_NAME_A, PR_RECIPIENT_TYPE}};
    SPropValue a[3], b[3], c[3];
    SRow row_a = make_row(a, "a", "Anna", 3), row_b = make_row(b, "b", "Bert", 2), row_c = make_row(c, "c", "Cleo", 1);
    TEST(CreateTable) {
        OK(CreateTable(&IID_IMAPITableData, given_allocate, given_more, given_free, NULL, TBLTYPE_DYNAMIC, PR_INSTANCE_KEY,
                       (LPSPropTagArray)&columns, &data) == S_OK && data);
        OK(data->lpVtbl->HrModifyRow(data, &row_a) == S_OK && data->lpVtbl->HrModifyRow(data, &row_b) == S_OK);
        OK(data->lpVtbl->HrInsertRow(data, 0, &row_c) == S_OK);
        OK(data->lpVtbl->HrInsertRow(data, 0, &row_c) == MAPI_E_INVALID_PARAMETER);
        LPSRow found = NULL;
        ULONG place = 9;
        OK(data->lpVtbl->HrQueryRow(data, &a[0], &found, &place) == S_OK && place == 1 && found->cValues == 3);
        MAPIFreeBuffer(found);
        OK(data->lpVtbl->HrEnumRow(data, 2, &found) == S_OK && found);
        LPSPropValue key = found ? PpropFindProp(found->lpProps, found->cValues, PR_INSTANCE_KEY) : NULL;
        OK(key && key->Value.bin.lpb[0] == 'c');
        MAPIFreeBuffer(found);
        OK(data->lpVtbl->HrEnumRow(data, 7, &found) == S_OK && found == NULL);
        SizedSSortOrderSet(1, order) = {1, 0, 0, {{PR_RECIPIENT_TYPE, TABLE_SORT_ASCEND}}};
        OK(data->lpVtbl->HrGetView(data, (LPSSortOrderSet)&order, (CALLERRELEASE *)on_release, 42, &view) == S_OK && view);
    }
    LPMAPIADVISESINK sink = NULL;
    TEST(HrAllocAdviseSink) {
        OK(HrAllocAdviseSink(on_notify, &told, &sink) == S_OK && sink);
        ULONG_PTR connection = 0;
        OK(view->lpVtbl->Advise(view, fnevTableModified, sink, (void *)&connection) == S_OK && connection);
        OK(data->lpVtbl->HrDeleteRow(data, &b[0]) == S_OK && told == 1);
        OK(data->lpVtbl->HrModifyRow(data, &row_b) == S_OK && told == 2);
        OK(data->lpVtbl->HrNotify(data, 0, 1, &a[0]) == S_OK && told == 3);
        OK(view->lpVtbl->Unadvise(view, connection) == S_OK);
    }
    TEST(HrThisThreadAdviseSink) {
        LPMAPIADVISESINK wrapped = NULL;
        ULONG_PTR connection = 0;
        OK(HrThisThreadAdviseSink(sink, &wrapped) == S_OK && wrapped);
        OK(view->lpVtbl->Advise(view, fnevTableModified, wrapped, (void *)&connection) == S_OK);
        told = 0;
        OK(data->lpVtbl->HrNotify(data, 0, 1, &a[0]) == S_OK && told == 1);
        OK(view->lpVtbl->Unadvise(view, connection) == S_OK);
        UlRelease(wrapped);
    }
    UlRelease(sink);
    TEST(HrDispatchNotifications) {
        HRESULT(WINAPI * dispatch)(ULONG) = (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "HrDispatchNotifications");
        OK(dispatch && dispatch(0) == S_OK);
    }
    LPSRowSet rows = NULL;
    TEST(HrQueryAllRows) {
        OK(HrQueryAllRows(view, NULL, NULL, NULL, 0, &rows) == S_OK && rows && rows->cRows == 3);
        OK(rows->aRow[0].lpProps[0].Value.bin.lpb[0] == 'c');
        LPSRowSet none = NULL;
        OK(HrQueryAllRows(view, NULL, NULL, NULL, 2, &none) == MAPI_E_TABLE_TOO_BIG && none == NULL);
        SizedSPropTagArray(1, missing) = {1, {PR_EMAIL_ADDRESS_A}};
        OK(HrQueryAllRows(view, (LPSPropTagArray)&missing, NULL, NULL, 0, &none) == S_OK);
        OK(none->aRow[0].lpProps[0].ulPropTag == PR_NULL);
        FreeProws(none);
    }
    TEST(FreeProws) {
        FreeProws(rows);
        FreeProws(NULL);
    }
    LPSPropTagArray now = NULL;
    SizedSPropTagArray(1, added) = {1, {PR_RECIPIENT_TYPE}};
    TEST(HrAddColumns) {
        OK(view->lpVtbl->SetColumns(view, (LPSPropTagArray)&columns, 0) == S_OK);
        OK(HrAddColumns(view, (LPSPropTagArray)&added, given_allocate, given_free) == S_OK);
        OK(view->lpVtbl->QueryColumns(view, 0, &now) == S_OK && now->cValues == 3 && now->aulPropTag[0] == PR_RECIPIENT_TYPE);
        MAPIFreeBuffer(now);
    }
    TEST(HrAddColumnsEx) {
        OK(HrAddColumnsEx(view, (LPSPropTagArray)&added, given_allocate, given_free, (void *)filter_none) == S_OK);
        OK(view->lpVtbl->QueryColumns(view, 0, &now) == S_OK && now->cValues == 2 && now->aulPropTag[1] == PR_INSTANCE_KEY);
        MAPIFreeBuffer(now);
    }
    UlRelease(view);
    TEST(CreateTable) {
        OK(released == 1);
        ULONG deleted = 0;
        OK(data->lpVtbl->HrDeleteRows(data, TAD_ALL_ROWS, NULL, &deleted) == S_OK && deleted == 3);
        OK(data->lpVtbl->HrDeleteRow(data, &a[0]) == MAPI_E_NOT_FOUND);
    }
    UlRelease(data);
    TEST(FreePadrlist) {
        LPADRLIST list = NULL;
        MAPIAllocateBuffer(CbNewADRLIST(1), (void **)&list);
        list->cEntries = 1;
        memset(list->aEntries, 0, sizeof list->aEntries);
        list->aEntries[0].cValues = 1;
        MAPIAllocateBuffer(sizeof(SPropValue), (void **)&list->aEntries[0].rgPropVals);
        FreePadrlist(list);
    }
}

static void notifications(void) {
    static BYTE entry[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    NOTIFICATION event;
    ULONG size = 0, copied = 0;
    memset(&event, 0, sizeof event);
    event.ulEventType = fnevNewMail;
    event.info.newmail.cbEntryID = sizeof entry;
    event.info.newmail.lpEntryID = (LPENTRYID)entry;
    event.info.newmail.lpszMessageClass = (void *)"IPM.Note";
    TEST(ScCountNotifications) {
        OK(ScCountNotifications(1, &event, &size) == S_OK && size >= sizeof event + 8 + 9);
        NOTIFICATION odd = {0};
        OK(ScCountNotifications(1, &odd, NULL) == (SCODE)E_INVALIDARG);
    }
    char *block = NULL, *moved = NULL;
    MAPIAllocateBuffer(size, (void **)&block);
    MAPIAllocateBuffer(size, (void **)&moved);
    NOTIFICATION *copy = (NOTIFICATION *)block;
    TEST(ScCopyNotifications) {
        OK(ScCopyNotifications(1, &event, block, &copied) == S_OK && copied == size);
        OK((char *)copy->info.newmail.lpEntryID > block && !memcmp(copy->info.newmail.lpEntryID, entry, 8));
        OK(!strcmp((char *)copy->info.newmail.lpszMessageClass, "IPM.Note"));
    }
    TEST(ScRelocNotifications) {
        memcpy(moved, block, size);
        OK(ScRelocNotifications(1, (LPNOTIFICATION)moved, block, moved, &copied) == S_OK && copied == size);
        memset(block, 0, size);
        OK(!strcmp((char *)((NOTIFICATION *)moved)->info.newmail.lpszMessageClass, "IPM.Note"));
    }
    MAPIFreeBuffer(block);
    MAPIFreeBuffer(moved);
}

static void strings(void) {
    char text[] = "a=b=c";
    BYTE bytes[8] = {0};
    char digits[9];
    TEST(SzFindCh) OK((char *)SzFindCh((LPCTSTR)text, '=') == text + 1 && SzFindCh((LPCTSTR)text, '?') == NULL);
    TEST(SzFindLastCh) OK((char *)SzFindLastCh((LPCTSTR)text, '=') == text + 3);
    TEST(SzFindSz) {
        OK((char *)SzFindSz((LPCTSTR)text, (LPCTSTR) "b=") == text + 2 && SzFindSz((LPCTSTR)text, (LPCTSTR) "B=") == NULL);
    }
    TEST(UFromSz) {
        OK(UFromSz((LPCTSTR) "55") == 55 && UFromSz((LPCTSTR) "5a5b") == 5 && UFromSz((LPCTSTR) "a5b5") == 0);
    }
    TEST(UlFromSzHex) OK(UlFromSzHex((LPCTSTR) "fF0z1") == 0xFF0);
    TEST(FBinFromHex) {
        OK(FBinFromHex((LPTSTR) "0aFF", bytes) && bytes[0] == 0x0A && bytes[1] == 0xFF && bytes[2] == 0);
        OK(!FBinFromHex((LPTSTR) "0g", bytes));
    }
    TEST(ScBinFromHexBounded) {
        OK(ScBinFromHexBounded((LPTSTR) "0102", bytes, 2) == S_OK && bytes[1] == 2);
        OK(ScBinFromHexBounded((LPTSTR) "010203", bytes, 2) == MAPI_E_CALL_FAILED);
        OK(ScBinFromHexBounded((LPTSTR) "zz", bytes, 2) == MAPI_E_CALL_FAILED);
    }
    TEST(HexFromBin) {
        bytes[0] = 10, bytes[1] = 0xBC;
        HexFromBin(bytes, 2, (LPTSTR)digits);
        OK(!strcmp(digits, "0ABC"));
    }
    LPSTR sz = NULL;
    LPENTRYID entry = NULL, store = NULL;
    ULONG size = 0, store_size = 0;
    TEST(HrSzFromEntryID) OK(HrSzFromEntryID(4, (LPENTRYID) "\0\0\0\x7F", (LPTSTR *)&sz) == S_OK && sz);
    TEST(HrEntryIDFromSz) {
        OK(HrEntryIDFromSz((LPTSTR)sz, &size, &entry) == S_OK && size == 4 && !memcmp(entry, "\0\0\0\x7F", 4));
        MAPIFreeBuffer(entry);
        OK(HrEntryIDFromSz((LPTSTR) "no", &size, &entry) == MAPI_E_INVALID_ENTRYID);
    }
    MAPIFreeBuffer(sz);
    TEST(HrComposeEID) {
        OK(HrComposeEID(NULL, 0, NULL, 4, (LPENTRYID) "\0\0\0\x7F", &size, &entry) == S_OK && size == 4);
        MAPIFreeBuffer(entry);
        OK(HrComposeEID(NULL, 3, (LPBYTE) "key", 4, (LPENTRYID) "\0\0\0\x7F", &size, &entry) == S_OK && size > 7);
        MAPIFreeBuffer(entry);
    }
    TEST(HrDecomposeEID) {
        OK(HrDecomposeEID(NULL, 4, (LPENTRYID) "\0\0\0\x7F", &store_size, &store, &size, &entry) == S_OK);
        OK(store_size == 0 && store == NULL && size == 4);
        MAPIFreeBuffer(entry);
    }
    TEST(HrComposeMsgID) {
        OK(HrComposeMsgID(NULL, 0, NULL, 4, (LPENTRYID) "\0\0\0\x7F", (LPTSTR *)&sz) == S_OK && sz);
    }
    TEST(HrDecomposeMsgID) {
        OK(HrDecomposeMsgID(NULL, (LPTSTR)sz, &store_size, &store, &size, &entry) == S_OK && size == 4);
        MAPIFreeBuffer(entry);
        MAPIFreeBuffer(sz);
    }
    TEST(WrapStoreEntryID) {
        LPBYTE wrapped = NULL, again = NULL;
        OK(WrapStoreEntryID(0, (LPTSTR) "store.dll", 5, (LPENTRYID) "\0\0\0\0\x7F", &size, (LPENTRYID *)&wrapped) == S_OK);
        OK(wrapped && size > 25 && !memcmp(wrapped + size - 5, "\0\0\0\0\x7F", 5) && !strcmp((char *)wrapped + 22, "store.dll"));
        OK(WrapStoreEntryID(MAPI_UNICODE, (LPTSTR)L"store.dll", 5, (LPENTRYID) "\0\0\0\0\x7F", &store_size, (LPENTRYID *)&again) == S_OK);
        OK(store_size == size && !memcmp(wrapped, again, size));
        MAPIFreeBuffer(wrapped);
        MAPIFreeBuffer(again);
        OK(FAILED(WrapStoreEntryID(0, (LPTSTR) "store.dll", 0, NULL, &size, &entry)));
    }
    TEST(MNLS_lstrlenW) OK(MNLS_lstrlenW(L"four") == 4 && MNLS_lstrlenW(L"") == 0);
    TEST(MNLS_lstrcpyW) {
        WCHAR copy[8] = L"1234567";
        OK(MNLS_lstrcpyW(copy, L"four") == copy && !wcscmp(copy, L"four") && copy[5] == L'6');
        OK(MNLS_lstrcpyW(copy, NULL) == NULL);
    }
    TEST(MNLS_IsBadStringPtrW) {
        OK(!MNLS_IsBadStringPtrW(L"four", 100) && MNLS_IsBadStringPtrW((LPCWSTR)8, 4) && !MNLS_IsBadStringPtrW((LPCWSTR)8, 0));
    }
    TEST(MNLS_CompareStringW) {
        OK(MNLS_CompareStringW(0x409, NORM_IGNORECASE, L"Four", -1, L"fOUR", -1) == CSTR_EQUAL);
        OK(MNLS_CompareStringW(0x409, 0, L"abc", 3, L"abd", 3) == CSTR_LESS_THAN);
        OK(MNLS_CompareStringW(0x409, 0, L"abd", 2, L"abc", 2) == CSTR_EQUAL);
    }
    TEST(MNLS_lstrcmpW) {
        OK(MNLS_lstrcmpW(L"four", L"four") == 0);
        OK(MNLS_lstrcmpW(L"a", L"b") == CSTR_LESS_THAN && MNLS_lstrcmpW(L"b", L"a") == CSTR_GREATER_THAN);
    }
    TEST(MNLS_MultiByteToWideChar) {
        WCHAR wide[8] = {0};
        OK(MNLS_MultiByteToWideChar(CP_UTF8, 0, "\xC3\xA9", -1, NULL, 0) == 2);
        OK(MNLS_MultiByteToWideChar(CP_UTF8, 0, "\xC3\xA9", -1, wide, 8) == 2 && wide[0] == 0xE9 && wide[1] == 0);
        OK(MNLS_MultiByteToWideChar(1252, 0, "\x80", 1, wide, 8) == 1 && wide[0] == 0x20AC);
    }
    TEST(MNLS_WideCharToMultiByte) {
        char narrow[8] = {0};
        BOOL used = FALSE;
        OK(MNLS_WideCharToMultiByte(CP_UTF8, 0, L"\xE9", -1, narrow, 8, NULL, NULL) == 3 && !strcmp(narrow, "\xC3\xA9"));
        OK(MNLS_WideCharToMultiByte(1252, 0, L"\x4E00", 1, narrow, 8, "?", &used) == 1 && narrow[0] == '?' && used);
    }
    TEST(MapStorageSCode) {
        OK(MapStorageSCode(S_OK) == S_OK && MapStorageSCode(STG_E_FILENOTFOUND) == MAPI_E_NOT_FOUND);
        OK(MapStorageSCode(STG_E_MEDIUMFULL) == MAPI_E_NOT_ENOUGH_DISK && MapStorageSCode(STG_E_ACCESSDENIED) == MAPI_E_NO_ACCESS);
        OK(MapStorageSCode(STG_E_PROPSETMISMATCHED) == MAPI_E_CALL_FAILED);
    }
    TEST(IsBadBoundedStringPtr) {
        OK(!IsBadBoundedStringPtr(text, 100) && IsBadBoundedStringPtr((void *)8, 4) && !IsBadBoundedStringPtr((void *)8, 0));
    }
}

static FILETIME ft(ULONG high, ULONG low) {
    FILETIME time = {low, high};
    return time;
}
static int is(FILETIME time, ULONG high, ULONG low) { return time.dwHighDateTime == high && time.dwLowDateTime == low; }

static void times(void) {
    TEST(FtAddFt) OK(is(FtAddFt(ft(1, 0xFFFFFFFF), ft(0, 1)), 2, 0));
    TEST(FtAdcFt) {
        FILETIME(WINAPI * add)(FILETIME, FILETIME, WORD *) = (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "FtAdcFt");
        WORD carry = 0;
        OK(add && is(add(ft(0xFFFFFFFF, 0xFFFFFFFF), ft(0, 1), &carry), 0, 0) && carry == 1);
        OK(is(add(ft(0, 1), ft(0, 1), &carry), 0, 3) && carry == 0 && is(add(ft(0, 1), ft(0, 1), NULL), 0, 2));
    }
    TEST(FtSubFt) OK(is(FtSubFt(ft(1, 0), ft(0, 1)), 0, 0xFFFFFFFF));
    TEST(FtMulDw) OK(is(FtMulDw(2, ft(1, 0x80000000)), 3, 0));
    TEST(FtMulDwDw) OK(is(FtMulDwDw(0xFFFFFFFF, 2), 1, 0xFFFFFFFE));
    TEST(FtNegFt) OK(is(FtNegFt(ft(0, 1)), 0xFFFFFFFF, 0xFFFFFFFF));
}

/* The value of a number in a row; -1 where there is none. */
static LONG number_of(const SRow *row, ULONG tag) {
    const SPropValue *found = PpropFindProp(row->lpProps, row->cValues, tag);
    return found ? found->Value.l : -1;
}
static const SBinary *bytes_of(const SRow *row, ULONG tag) {
    static const SBinary none;
    const SPropValue *found = PpropFindProp(row->lpProps, row->cValues, tag);
    return found ? &found->Value.bin : &none;
}

/* The dialogs of functions.rc. */
static void display_tables(void) {
    static GUID key = {0xACCE55, 1, 2, {3}};
    DTBLPAGE page = {0};
    DTBLLABEL label = {0};
    DTBLEDIT edit = {0, 0, 32, PR_DISPLAY_NAME_A};
    DTBLLBX list = {MAPI_NO_HBAR, PR_NULL, PR_NULL};
    DTCTL controls[] = {
        {DTCT_PAGE, 0, NULL, 0, NULL, 0, {&page}},
        {DTCT_LABEL, 0, NULL, 0, NULL, 101, {&label}},
        {DTCT_EDIT, DT_EDITABLE | DT_REQUIRED, (LPBYTE)&key, sizeof key, (LPTSTR) "[a-z]", 102, {&edit}},
        {DTCT_LBX, 0, NULL, 0, NULL, 103, {&list}},
    };
    DTPAGE pages[] = {{4, (LPTSTR)MAKEINTRESOURCEA(100), {(LPTSTR) "acme"}, controls}};
    LPMAPITABLE table = NULL;
    LPTABLEDATA data = NULL;
    LPSRowSet rows = NULL;
    controls[2].ctl.lpedit = &edit;
    TEST(BuildDisplayTable) {
        OK(BuildDisplayTable(given_allocate, given_more, given_free, NULL, own_instance, 1, pages, 0, &table, &data) == S_OK);
        OK(table && data && HrQueryAllRows(table, NULL, NULL, NULL, 0, &rows) == S_OK && rows->cRows == 4);
        if (!rows || rows->cRows != 4) continue;
        OK(number_of(&rows->aRow[0], PR_CONTROL_TYPE) == DTCT_PAGE && number_of(&rows->aRow[0], PR_DELTAX) == 200);
        const SBinary *shown = bytes_of(&rows->aRow[0], PR_CONTROL_STRUCTURE);
        const DTBLPAGE *told = (const void *)shown->lpb;
        OK(shown->cb == sizeof page + sizeof "Acme" + sizeof "acme" && !strcmp((char *)shown->lpb + told->ulbLpszLabel, "Acme"));
        OK(!strcmp((char *)shown->lpb + told->ulbLpszComponent, "acme"));
        shown = bytes_of(&rows->aRow[1], PR_CONTROL_STRUCTURE);
        OK(!strcmp((char *)shown->lpb + ((const DTBLLABEL *)shown->lpb)->ulbLpszLabelName, "&Name:"));
        OK(number_of(&rows->aRow[2], PR_XPOS) == 50 && number_of(&rows->aRow[2], PR_YPOS) == 8);
        OK(number_of(&rows->aRow[2], PR_DELTAX) == 60 && number_of(&rows->aRow[2], PR_DELTAY) == 12);
        OK(number_of(&rows->aRow[2], PR_CONTROL_FLAGS) == (DT_EDITABLE | DT_REQUIRED));
        shown = bytes_of(&rows->aRow[2], PR_CONTROL_STRUCTURE);
        const DTBLEDIT *field = (const void *)shown->lpb;
        OK(field->ulNumCharsAllowed == 32 && field->ulPropTag == PR_DISPLAY_NAME_A && field->ulFlags == 0);
        OK(!strcmp((char *)shown->lpb + field->ulbLpszCharsAllowed, "[a-z]"));
        shown = bytes_of(&rows->aRow[2], PR_CONTROL_ID);
        OK(shown->cb == sizeof key && !memcmp(shown->lpb, &key, sizeof key));
        shown = bytes_of(&rows->aRow[3], PR_CONTROL_STRUCTURE);
        OK(shown->cb == sizeof list && ((const DTBLLBX *)shown->lpb)->ulFlags == MAPI_NO_HBAR);
        FreeProws(rows);
        UlRelease(table);
        /* Rows can be changed in the table data object, and the table shows it. */
        UlRelease(data);
        /* Wide strings, another form of the resource, the component by number, no table data object. */
        pages[0].lpszResourceName = (LPTSTR)L"LATER";
        pages[0].lpszComponent = (LPTSTR)MAKEINTRESOURCEA(7);
        pages[0].cctl = 2;
        OK(BuildDisplayTable(given_allocate, given_more, given_free, NULL, own_instance, 1, pages, MAPI_UNICODE, &table, NULL) == S_OK);
        OK(HrQueryAllRows(table, NULL, NULL, NULL, 0, &rows) == S_OK && rows->cRows == 2);
        shown = bytes_of(&rows->aRow[0], PR_CONTROL_STRUCTURE);
        told = (const void *)shown->lpb;
        OK(told->ulFlags == MAPI_UNICODE && !wcscmp((WCHAR *)(shown->lpb + told->ulbLpszLabel), L"Later"));
        OK(!wcscmp((WCHAR *)(shown->lpb + told->ulbLpszComponent), L"by number"));
        FreeProws(rows);
        UlRelease(table);
        pages[0].lpszResourceName = (LPTSTR)MAKEINTRESOURCEW(99);
        table = (void *)8;
        OK(FAILED(BuildDisplayTable(given_allocate, given_more, given_free, NULL, own_instance, 1, pages, MAPI_UNICODE, &table, NULL)));
        OK(table == NULL);
        OK(BuildDisplayTable(given_allocate, given_more, given_free, NULL, own_instance, 1, pages, 2, &table, NULL) == MAPI_E_UNKNOWN_FLAGS);
    }
}

static WINBOOL WINAPI on_idle(LPVOID context) {
    (void)context;
    return FALSE;
}

/* The idle engine calls routines when there is nothing to do: between calls of XPProviderInit, of which the plan has four. */
static char calls[16];
static FTG high, low, off, later, once;
static WINBOOL WINAPI note(LPVOID context) {
    if (strlen(calls) + 1 < sizeof calls) strcat(calls, context);
    return FALSE;
}
static WINBOOL WINAPI note_once(LPVOID context) {
    DeregisterIdleRoutine(once);
    return note(context);
}

static void idle_first(void) {
    LONG(WINAPI * init)(LPVOID) = (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "MAPIInitIdle");
    FTG gone, changed;
    TEST(idle_routines_are_registered) {
        OK(init && init(NULL) == 0 && init(NULL) == 0);
        low = FtgRegisterIdleRoutine(note, "l", -1, 0, 0);
        high = FtgRegisterIdleRoutine(note, "h", 2, 0, FIROINTERVAL);
        off = FtgRegisterIdleRoutine(note, "f", 5, 0, FIRODISABLED);
        later = FtgRegisterIdleRoutine(note, "t", 4, 360000, FIROWAIT);
        once = FtgRegisterIdleRoutine(note_once, "o", -2, 0, 0);
        gone = FtgRegisterIdleRoutine(note, "g", 9, 0, 0);
        changed = FtgRegisterIdleRoutine(on_idle, "x", 1, 0, 0);
        OK(low && high && off && later && once && gone && changed);
        DeregisterIdleRoutine(gone);
        ChangeIdleRoutine(changed, note, "c", 3, 360000, FIROINTERVAL, FIRCPFN | FIRCPV | FIRCPRI);
    }
}
static void idle_second(void) {
    void(WINAPI * deinit)(void) = (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "MAPIDeinitIdle");
    TEST(idle_routines_are_called_by_priority) {
        OK(!strcmp(calls, "chlo"));
        calls[0] = 0;
        EnableIdleRoutine(off, TRUE);
        EnableIdleRoutine(high, FALSE);
        ChangeIdleRoutine(later, NULL, NULL, 0, 0, FIROINTERVAL, FIRCCSEC | FIRCIRO);
        /* What is changed counts from then on: not before an hour has passed. */
        ChangeIdleRoutine(low, NULL, NULL, 0, 360000, FIROINTERVAL, FIRCCSEC | FIRCIRO);
        /* The engine was initialised twice. */
        deinit();
    }
}
static void idle_third(void) {
    void(WINAPI * deinit)(void) = (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "MAPIDeinitIdle");
    TEST(idle_routines_are_changed) {
        /* The one whose interval was not changed may be called again. */
        char *again = strchr(calls, 'c');
        if (again) memmove(again, again + 1, strlen(again));
        OK(!strcmp(calls, "ft"));
        calls[0] = 0;
        deinit();
    }
}
static void idle_fourth(void) {
    TEST(idle_routines_end_with_the_engine) OK(!calls[0]);
}

static void idle(void) {
    FTG tag = NULL;
    TEST(MAPIInitIdle) {
        LONG(WINAPI * init)(LPVOID) = (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "MAPIInitIdle");
        OK(FtgRegisterIdleRoutine(on_idle, NULL, -1, 0, 0) == NULL);
        OK(init && init(NULL) == 0);
    }
    TEST(FtgRegisterIdleRoutine) {
        OK(FtgRegisterIdleRoutine(on_idle, NULL, 0, 0, 0) == NULL);
        tag = FtgRegisterIdleRoutine(on_idle, NULL, -1, 10, FIROINTERVAL | FIRODISABLED);
        OK(tag != NULL);
    }
    TEST(EnableIdleRoutine) EnableIdleRoutine(tag, FALSE);
    TEST(ChangeIdleRoutine) ChangeIdleRoutine(tag, NULL, NULL, -2, 0, 0, FIRCPRI);
    TEST(DeregisterIdleRoutine) DeregisterIdleRoutine(tag);
    TEST(MAPIDeinitIdle) {
        void(WINAPI * deinit)(void) = (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "MAPIDeinitIdle");
        OK(deinit != NULL);
        deinit();
    }
}

static void conversations(void) {
    TEST(ScCreateConversationIndex) {
        ULONG size = 0, answer_size = 0;
        LPBYTE index = NULL, answer = NULL;
        OK(ScCreateConversationIndex(0, NULL, &size, &index) == S_OK && size == 22 && index[0] == 1);
        OK(ScCreateConversationIndex(size, index, &answer_size, &answer) == S_OK && answer_size == 27);
        OK(!memcmp(index, answer, 22));
        MAPIFreeBuffer(index);
        MAPIFreeBuffer(answer);
    }
}

static void validation(void) {
    SPropValue set[4];
    ULONG count = make_set(set);
    SRow row = {0, count, set};
    SRow no_props = {0, 2, NULL};
    SRowSet rows = {1, {{0, count, set}}};
    SPropValue truth = {0};
    truth.ulPropTag = PR_READ_RECEIPT_REQUESTED;
    truth.Value.b = 7;
    TEST(FBadPropTag) OK(!FBadPropTag(PR_SUBJECT_A) && FBadPropTag(PROP_TAG(0x77, 0x6600)));
    TEST(FBadProp) {
        OK(!FBadProp(&set[1]) && FBadProp(&truth) && FBadProp(NULL));
        SPropValue none = text_prop(PR_SUBJECT_A, NULL);
        OK(FBadProp(&none));
    }
    TEST(FBadRow) OK(!FBadRow(&row) && FBadRow(&no_props));
    TEST(FBadRowSet) OK(!FBadRowSet(&rows));
    TEST(FBadColumnSet) {
        SizedSPropTagArray(2, good) = {2, {PR_SUBJECT_A, PR_NULL}};
        SizedSPropTagArray(1, bad) = {1, {PROP_TAG(PT_ERROR, 0x0037)}};
        OK(!FBadColumnSet((LPSPropTagArray)&good) && FBadColumnSet((LPSPropTagArray)&bad));
    }
    TEST(FBadSortOrderSet) {
        SizedSSortOrderSet(1, order) = {1, 0, 0, {{PR_SUBJECT_A, TABLE_SORT_ASCEND}}};
        OK(!FBadSortOrderSet((LPSSortOrderSet)&order));
        order.cCategories = 2;
        OK(FBadSortOrderSet((LPSSortOrderSet)&order));
    }
    TEST(FBadRestriction) {
        SRestriction exists = {0};
        exists.rt = RES_EXIST;
        exists.res.resExist.ulPropTag = PR_SUBJECT_A;
        OK(!FBadRestriction(&exists));
        exists.rt = 0x99;
        OK(FBadRestriction(&exists));
    }
    TEST(FBadEntryList) {
        SBinary one = {1, (LPBYTE) "x"};
        SBinaryArray list = {1, &one};
        OK(!FBadEntryList((LPENTRYLIST)&list));
        one.lpb = NULL;
        OK(FBadEntryList((LPENTRYLIST)&list));
    }
    TEST(FBadRglpszA) {
        WINBOOL(WINAPI * bad)(LPSTR *, ULONG) = (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "FBadRglpszA");
        LPSTR none[] = {NULL};
        OK(bad && !bad(several, 2) && bad(none, 1));
    }
    TEST(FBadRglpszW) {
        LPWSTR wide[] = {(LPWSTR)L"x"}, none[] = {NULL};
        OK(!FBadRglpszW(wide, 1) && FBadRglpszW(none, 1));
    }
    TEST(FBadRglpNameID) {
        GUID guid = IID_IMAPIProp;
        MAPINAMEID name = {&guid, MNID_ID, {1}}, odd = {&guid, 9, {1}};
        LPMAPINAMEID names[] = {&name}, odds[] = {&odd};
        OK(!FBadRglpNameID(names, 1) && FBadRglpNameID(odds, 1));
    }
}

static HRESULT read_back(LPSTREAM stream, char *buffer, ULONG size, ULONG *read) {
    LARGE_INTEGER start = {{0, 0}};
    stream->lpVtbl->Seek(stream, start, STREAM_SEEK_SET, NULL);
    return stream->lpVtbl->Read(stream, buffer, size, read);
}

static void streams(void) {
    LPSTREAM stream = NULL, wide = NULL, rtf = NULL;
    char buffer[4096];
    ULONG done = 0;
    TEST(OpenStreamOnFile) {
        OK(OpenStreamOnFile(given_allocate, given_free, 0, (LPTSTR) "Z:\\no\\such\\file", NULL, &stream) == MAPI_E_NOT_FOUND);
        OK(OpenStreamOnFile(given_allocate, given_free, STGM_CREATE, NULL, NULL, &stream) == MAPI_E_INVALID_PARAMETER);
        OK(OpenStreamOnFile(given_allocate, given_free,
                            SOF_UNIQUEFILENAME | STGM_CREATE | STGM_READWRITE | STGM_DELETEONRELEASE, NULL, (LPTSTR) "TST",
                            &stream) == S_OK && stream);
        OK(stream->lpVtbl->Write(stream, "file", 4, &done) == S_OK && done == 4);
        OK(read_back(stream, buffer, 100, &done) == S_OK && done == 4 && !memcmp(buffer, "file", 4));
        OK(UlRelease(stream) == 0);
    }
    TEST(OpenStreamOnFileW) {
        HRESULT(WINAPI * open)(LPALLOCATEBUFFER, LPFREEBUFFER, ULONG, LPCWSTR, LPCWSTR, LPSTREAM *) =
            (void *)GetProcAddress(GetModuleHandleA("mapi32.dll"), "OpenStreamOnFileW");
        OK(open && open(given_allocate, given_free, STGM_CREATE | STGM_READWRITE | STGM_DELETEONRELEASE, NULL, NULL, &wide) == S_OK);
    }
    TEST(WrapCompressedRTFStream) {
        static const char text[] = "{\\rtf1\\ansi some text some text some text}";
        OK(WrapCompressedRTFStream(wide, MAPI_MODIFY, &rtf) == S_OK && rtf);
        OK(rtf->lpVtbl->Write(rtf, text, sizeof text - 1, &done) == S_OK && done == sizeof text - 1);
        OK(UlRelease(rtf) == 0);
        OK(read_back(wide, buffer, 100, &done) == S_OK && done > 16 && !memcmp(buffer + 8, "LZFu", 4));
        LARGE_INTEGER start = {{0, 0}};
        wide->lpVtbl->Seek(wide, start, STREAM_SEEK_SET, NULL);
        OK(WrapCompressedRTFStream(wide, 0, &rtf) == S_OK && rtf);
        OK(rtf->lpVtbl->Read(rtf, buffer, sizeof buffer, &done) == S_OK && done == sizeof text - 1 && !memcmp(buffer, text, done));
        OK(FAILED(rtf->lpVtbl->Seek(rtf, start, STREAM_SEEK_SET, NULL)));
        UlRelease(rtf);
    }
    TEST(WrapCompressedRTFStreamEx) {
        /* The headers of MinGW-w64 lack its structures, too. */
        struct { ULONG size, flags, in_page, out_page; } info = {sizeof info, 0, 0, 0};
        struct { ULONG size, flags; } told = {0, 0};
        LARGE_INTEGER start = {{0, 0}};
        WRAPEX wrap = (WRAPEX)GetProcAddress(GetModuleHandleA("mapi32.dll"), "WrapCompressedRTFStreamEx");
        wide->lpVtbl->Seek(wide, start, STREAM_SEEK_SET, NULL);
        OK(wrap(wide, &info, &rtf, &told) == S_OK && rtf && told.flags == 1 && told.size == sizeof told);
        OK(rtf->lpVtbl->Read(rtf, buffer, sizeof buffer, &done) == S_OK && done > 6 && !memcmp(buffer, "{\\rtf1", 6));
        UlRelease(rtf);
        info.flags = 0x10000 | MAPI_MODIFY; /* MAPI_NATIVE_BODY is for reading */
        OK(wrap(wide, &info, &rtf, &told) == MAPI_E_INVALID_PARAMETER && !rtf);
        info.flags = 0x10000;
        OK(wrap(wide, &info, &rtf, &told) == MAPI_E_NO_SUPPORT && !rtf);
    }
    UlRelease(wide);
    LPPROPDATA message = NULL;
    LPSPropValue value = NULL;
    CreateIProp(&IID_IMAPIPropData, given_allocate, given_more, given_free, NULL, &message);
    TEST(RTFSync) {
        SPropValue body = text_prop(PR_BODY_A, "two\r\nlines");
        WINBOOL updated = FALSE;
        OK(HrSetOneProp((LPMAPIPROP)message, &body) == S_OK);
        OK(RTFSync((LPMESSAGE)message, RTF_SYNC_BODY_CHANGED, &updated) == S_OK && updated);
        OK(HrGetOneProp((LPMAPIPROP)message, TAG_RTF, &value) == S_OK && value && value->Value.bin.cb > 16);
        MAPIFreeBuffer(value);
        OK(RTFSync((LPMESSAGE)message, RTF_SYNC_BODY_CHANGED, &updated) == S_OK && !updated);
        SizedSPropTagArray(1, body_tag) = {1, {PR_BODY_A}};
        message->lpVtbl->DeleteProps(message, (LPSPropTagArray)&body_tag, NULL);
        OK(RTFSync((LPMESSAGE)message, RTF_SYNC_RTF_CHANGED, &updated) == S_OK && updated);
        OK(HrGetOneProp((LPMAPIPROP)message, PR_BODY_A, &value) == S_OK && value && !strcmp(value->Value.lpszA, "two\r\nlines"));
        MAPIFreeBuffer(value);
    }
    LPITNEF tnef = NULL;
    ULONG page = 0, sub = 9;
    SizedSPropTagArray(1, no_attachments) = {1, {PR_MESSAGE_ATTACHMENTS}};
    SizedSPropTagArray(2, no_tables) = {2, {PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_RECIPIENTS}};
    LPSTREAM file = NULL;
    OpenStreamOnFile(given_allocate, given_free, SOF_UNIQUEFILENAME | STGM_CREATE | STGM_READWRITE | STGM_DELETEONRELEASE, NULL,
                     NULL, &file);
    TEST(OpenTnefStream) {
        WORD key = 0;
        LPSTnefProblemArray problems = NULL;
        OK(OpenTnefStream(NULL, file, (LPTSTR) "a[b", TNEF_ENCODE, (LPMESSAGE)message, 7, &tnef) == MAPI_E_INVALID_PARAMETER);
        OK(OpenTnefStream(NULL, file, (LPTSTR) "winmail.dat", TNEF_ENCODE | TNEF_PURE, (LPMESSAGE)message, 7, &tnef) == S_OK);
        OK(tnef->lpVtbl->AddProps(tnef, TNEF_PROP_EXCLUDE, 0, NULL, (LPSPropTagArray)&no_tables) == S_OK);
        SPropValue extra = long_prop(PR_PRIORITY, 5);
        OK(tnef->lpVtbl->SetProps(tnef, 0, 0, 1, &extra) == S_OK);
        OK(tnef->lpVtbl->Finish(tnef, 0, &key, &problems) == S_OK && key == 7 && problems == NULL);
        OK(UlRelease(tnef) == 0);
    }
    LARGE_INTEGER start = {{0, 0}};
    TEST(GetTnefStreamCodepage) {
        file->lpVtbl->Seek(file, start, STREAM_SEEK_SET, NULL);
        OK(GetTnefStreamCodepage(file, &page, &sub) == S_OK && page == 1252 && sub == 0);
    }
    TEST(OpenTnefStreamEx) {
        LPPROPDATA copy = NULL;
        LPSTnefProblemArray problems = NULL;
        CreateIProp(&IID_IMAPIPropData, given_allocate, given_more, given_free, NULL, &copy);
        OK(OpenTnefStreamEx(NULL, file, NULL, TNEF_DECODE, (LPMESSAGE)copy, 7, NULL, &tnef) == S_OK && tnef);
        OK(tnef->lpVtbl->ExtractProps(tnef, TNEF_PROP_EXCLUDE, (LPSPropTagArray)&no_attachments, &problems) == S_OK);
        OK(problems == NULL);
        OK(HrGetOneProp((LPMAPIPROP)copy, PR_BODY_A, &value) == S_OK && value && !strcmp(value->Value.lpszA, "two\r\nlines"));
        MAPIFreeBuffer(value);
        OK(HrGetOneProp((LPMAPIPROP)copy, PR_PRIORITY, &value) == S_OK && value && value->Value.l == 5);
        MAPIFreeBuffer(value);
        UlRelease(tnef);
        UlRelease(copy);
    }
    UlRelease(file);
    UlRelease(message);
}

/* What is exported and not served answers MAPI_E_NO_SUPPORT, or zero where it returns no code; both names are exported. */
static void unserved(void) {
    HMODULE mapi = GetModuleHandleA("mapi32.dll");
#define ONE(name, decorated, zero) \
    TEST(name) { \
        DWORD_PTR(WINAPI * function)(void) = (void *)GetProcAddress(mapi, #name); \
        OK(function != NULL && (!decorated[0] || GetProcAddress(mapi, decorated) != NULL)); \
        OK((ULONG)function() == (zero ? 0 : (ULONG)MAPI_E_NO_SUPPORT)); \
    }
    UNSERVED(ONE)
#undef ONE
    TEST(decorated) {
#define ONE(name, decorated) OK(GetProcAddress(mapi, #name) == GetProcAddress(mapi, decorated) && GetProcAddress(mapi, decorated));
        SERVED(ONE)
#undef ONE
    }
    TEST(olmapi32) {
        HMODULE other = LoadLibraryA("olmapi32.dll");
        OK(other && GetProcAddress(other, "HrGetOneProp"));
        OK(((ULONG(WINAPI *)(LPVOID))GetProcAddress(other, "MAPIFreeBuffer"))(NULL) == 0);
    }
}

__declspec(dllexport) HRESULT __cdecl XPProviderInit(HINSTANCE instance, LPMALLOC malloc_, LPALLOCATEBUFFER allocate,
                                                     LPALLOCATEMORE more, LPFREEBUFFER release, ULONG flags, ULONG version,
                                                     ULONG *provider_version, LPXPPROVIDER *provider) {
    static int turn;
    (void)flags, (void)version;
    report = fopen(getenv("FUNCTIONS_REPORT"), turn ? "a" : "w");
    if (!report) return MAPI_E_CALL_FAILED;
    own_instance = instance;
    *provider_version = CURRENT_SPI_VERSION;
    *provider = NULL;
    switch (++turn) {
    case 1: break;
    case 2: idle_second(); break;
    case 3: idle_third(); break;
    default: idle_fourth(); fprintf(report, "end\n"); break;
    }
    if (turn > 1) {
        fclose(report);
        return MAPI_E_FAILONEPROVIDER;
    }
    given_allocate = allocate, given_more = more, given_free = release, given_malloc = malloc_;
    initialisation();
    arrays();
    prop_objects();
    tables();
    notifications();
    strings();
    times();
    idle();
    conversations();
    validation();
    streams();
    unserved();
    display_tables();
    idle_first();
    fclose(report);
    return MAPI_E_FAILONEPROVIDER;
}
