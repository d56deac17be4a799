#include "maildrop.h"

#include <algorithm>

namespace {

std::wstring join(const std::wstring& directory, const std::wstring& name) {
    if (directory.empty() || directory.back() == L'\\' || directory.back() == L'/') return directory + name;
    return directory + L"\\" + name;
}

volatile LONG written_files = 0;

} // namespace

std::optional<Waiting> Waiting::open(const std::wstring& directory, const std::wstring& name) {
    // No sharing: two sessions on one directory do not deliver the same message twice.
    std::wstring path = join(directory, name);
    HANDLE file = CreateFileW(path.c_str(), GENERIC_READ | DELETE, 0, nullptr, OPEN_EXISTING, 0, nullptr);
    if (file == INVALID_HANDLE_VALUE) return {};
    return Waiting(file);
}

Waiting::~Waiting() {
    if (file_ != INVALID_HANDLE_VALUE) CloseHandle(file_);
}

std::optional<std::string> Waiting::read() const {
    std::string content;
    char chunk[16384];
    DWORD got = 0;
    do {
        if (!ReadFile(file_, chunk, sizeof chunk, &got, nullptr)) return {};
        content.append(chunk, got);
    } while (got > 0);
    return content;
}

bool Waiting::remove() {
    FILE_DISPOSITION_INFO disposition = {};
    disposition.DeleteFile = TRUE;
    bool done = SetFileInformationByHandle(file_, FileDispositionInfo, &disposition, sizeof disposition) != 0;
    CloseHandle(std::exchange(file_, INVALID_HANDLE_VALUE));
    return done;
}

bool is_directory(const std::wstring& path) {
    DWORD attributes = GetFileAttributesW(path.c_str());
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

std::vector<std::wstring> waiting_mail(const std::wstring& directory) {
    std::vector<std::wstring> names;
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(join(directory, L"*.eml").c_str(), &found);
    if (search == INVALID_HANDLE_VALUE) return names;
    do {
        if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) names.push_back(found.cFileName);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    std::sort(names.begin(), names.end());
    return names;
}

void set_aside(const std::wstring& directory, const std::wstring& name) {
    std::wstring path = join(directory, name);
    MoveFileExW(path.c_str(), (path + L".bad").c_str(), MOVEFILE_REPLACE_EXISTING);
}

Outgoing::Outgoing(const std::wstring& directory, const std::string& content) {
    LARGE_INTEGER counter;
    QueryPerformanceCounter(&counter);
    std::wstring name = std::to_wstring(counter.QuadPart) + L"." + std::to_wstring(GetCurrentProcessId()) + L"." +
                        std::to_wstring(InterlockedIncrement(&written_files));
    written_ = join(directory, name + L".tmp");
    final_ = join(directory, name + L".eml");
    HANDLE file = CreateFileW(written_.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW, 0, nullptr);
    if (file == INVALID_HANDLE_VALUE) throw Failure{MAPI_E_NETWORK_ERROR};
    DWORD put = 0;
    bool whole = WriteFile(file, content.data(), static_cast<DWORD>(content.size()), &put, nullptr) &&
                 put == content.size() && FlushFileBuffers(file);
    CloseHandle(file);
    if (!whole) {
        DeleteFileW(written_.c_str());
        throw Failure{MAPI_E_NETWORK_ERROR};
    }
}

Outgoing::~Outgoing() {
    if (!written_.empty()) DeleteFileW(written_.c_str());
}

void Outgoing::finish() {
    if (!MoveFileExW(written_.c_str(), final_.c_str(), 0)) throw Failure{MAPI_E_NETWORK_ERROR};
    written_.clear();
}
