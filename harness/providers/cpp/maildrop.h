// The two directories: one where mail arrives, one where sent mail goes.
#pragma once

#include "base.h"

#include <optional>
#include <string>
#include <vector>

// A waiting message, held open for this reader alone.
class Waiting {
public:
    // Nothing where another reader has it, or it is still being written, or it is gone.
    static std::optional<Waiting> open(const std::wstring& directory, const std::wstring& name);
    Waiting(Waiting&& other) noexcept : file_(std::exchange(other.file_, INVALID_HANDLE_VALUE)) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting();

    // The whole file; nothing where it cannot be read.
    std::optional<std::string> read() const;
    // The message has been delivered: it leaves the maildrop. False where it cannot.
    bool remove();

private:
    explicit Waiting(HANDLE file) : file_(file) {}
    HANDLE file_;
};

bool is_directory(const std::wstring& path);
// The names of the .eml files in `directory`, in the order of their names; none where it is missing.
std::vector<std::wstring> waiting_mail(const std::wstring& directory);
// Out of the way of the others: what cannot be read as a message gets the extension .bad.
void set_aside(const std::wstring& directory, const std::wstring& name);

// A message on its way out: in the directory under a name that nobody looks at until `finish`.
class Outgoing {
public:
    Outgoing(const std::wstring& directory, const std::string& content);
    Outgoing(const Outgoing&) = delete;
    Outgoing& operator=(const Outgoing&) = delete;
    ~Outgoing();
    void finish();

private:
    std::wstring written_;
    std::wstring final_;
};
