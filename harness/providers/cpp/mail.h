// Messages in the form of RFC 5322 and MIME: read (mail.cpp) and written (compose.cpp).
#pragma once

#include "base.h"

#include <optional>
#include <string>
#include <vector>

struct Mailbox {
    std::wstring name;
    std::wstring address;
};

struct Attachment {
    std::wstring filename;
    std::wstring mime_type;
    std::wstring content_id;
    std::string data;
    // The data is a message of its own (message/rfc822).
    bool message = false;
};

struct Mail {
    std::wstring headers; // as received
    std::optional<Mailbox> from;
    std::optional<Mailbox> sender;
    std::vector<Mailbox> to, cc, bcc;
    std::wstring subject;
    std::wstring message_id;
    std::optional<FILETIME> date;
    std::optional<std::wstring> text;
    std::optional<std::string> html; // bytes, in `html_codepage`
    UINT html_codepage = CP_UTF8;
    std::vector<Attachment> attachments;
    // TNEF with what no header says.
    std::string encapsulated;
};

// The message that `raw` is; nothing where it has not one header.
std::optional<Mail> parse_mail(const std::string& raw);
// `mail` as it goes out; `envelope` are the addresses that it is really sent to, none for an embedded message.
std::string compose_mail(const Mail& mail, const std::vector<std::wstring>& envelope);

FILETIME now();
