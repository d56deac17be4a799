// The variant that leans on mapi32.dll, the way providers do: built with USES_MAPI32 and linked against its import library.
// What the plain provider does by itself - copies, searches, frees, property objects - MAPI's utility functions do here, and
// what does not fit Internet mail travels in TNEF.
#pragma once

#ifdef USES_MAPI32

#include "base.h"

#include <mapiutil.h>

#include <string>

class Transfer;

// MAPI's functions are initialised for as long as the provider lives.
class Utilities {
public:
    Utilities();
    Utilities(const Utilities&) = delete;
    Utilities& operator=(const Utilities&) = delete;
    ~Utilities();
};

// The session's settings as a table: rows kept in a table data object, read back through a view, with a sink that hears of changes.
// MAPI_E_CALL_FAILED where the table does not say what was put in.
void settings_table(const Memory& memory, const std::string& type);

// A property object with these values, read-only to whoever gets it.
LPPROPDATA property_object(const Memory& memory, ULONG count, LPSPropValue values);

// What of a message Internet mail has no header for, as TNEF; empty where there is nothing.
std::string encapsulate(Transfer& transfer, IMessage* message);
// Into the message again.
void unpack(Transfer& transfer, IMessage* message, const std::string& bytes);

#endif
