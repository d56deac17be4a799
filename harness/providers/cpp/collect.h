// What a message object holds, as mail that goes out.
#pragma once

#include "mail.h"
#include "session.h"

#include <deque>

struct Recipient {
    LONG kind = 0; // MAPI_TO, MAPI_CC or MAPI_BCC
    bool p1 = false; // for addressing only: a resend's
    bool responsible = false; // some transport has seen to it
    std::wstring name, type, address;
    SRow* row = nullptr; // all its properties
};

// The recipients of a message, with the rows they come from.
class Recipients {
public:
    Recipients(Transfer& transfer, IMessage* message);
    const std::vector<Recipient>& all() const { return recipients_; }

private:
    std::deque<Rows> rows_;
    std::vector<Recipient> recipients_;
};

// The message as mail. `report_wanted` says whether the sender asked for a delivery report.
Mail collect_mail(Transfer& transfer, IMessage* message, const Recipients& recipients, bool& report_wanted);
