// The logon object: the entry points of one transport session.
#pragma once

#include "base.h"

// Logs on with what the profile section of `support` says; `flags` are TransportLogon's, in and out. Throws.
IXPLogon* open_logon(const Memory& memory, IMAPISupport* support, ULONG* flags);
