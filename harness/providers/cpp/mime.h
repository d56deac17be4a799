// The encodings of Internet mail: character sets, base64, quoted-printable, encoded words (RFC 2047), parameters
// of structured headers (RFC 2045, RFC 2231).
#pragma once

#include "base.h"

#include <map>
#include <string>

// The code page of a character set's name, 65001 (UTF-8) where it is unknown.
UINT codepage_of(const std::string& charset);
// Text of `bytes`; what is not UTF-8 though it should be is read as Latin-1.
std::wstring decode_text(const std::string& bytes, UINT codepage);
std::string decode_base64(const std::string& text);
std::string decode_quoted_printable(const std::string& text);
// An unstructured header's value, encoded words decoded.
std::wstring decode_words(const std::string& value);

std::string encode_base64(const std::string& bytes);
// A header's value: as it is where it is ASCII, else as an encoded word; never with a line break.
std::string encode_word(const std::wstring& text);

// A value such as `text/plain; charset=utf-8`: the lower-case main value, and the parameters by lower-case name.
struct Parameterised {
    std::string value;
    std::map<std::string, std::wstring> parameters;

    std::wstring parameter(const std::string& name) const;
};
Parameterised parse_parameters(const std::string& header);

std::string lower(std::string text);
std::string trim(const std::string& text);
