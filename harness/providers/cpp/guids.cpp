// The interface identifiers that are used, defined once.
#define INITGUID
#define USES_IID_IMAPIProp
#define USES_IID_IMAPIStatus
#define USES_IID_IMessage
#define USES_IID_IXPLogon
#define USES_IID_IMAPIPropData
#define USES_IID_IMAPITableData
#define USES_IID_IXPProvider
#include <windows.h>

#include <mapidefs.h>
#include <mapiguid.h>
