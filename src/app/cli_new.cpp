// Picks the files of a language, fills in the name, writes them.
#include "app/cli_new.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/embedded_files.hpp"
#include "app/project.hpp"
#include "base/names.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::string_view kSdkDirectory = "inlay-sdk/";
constexpr std::string_view kTemplates = "sdk/templates/";
constexpr std::string_view kDot = "dot-";  // Begins the name of a template whose file is hidden.

// Which directories of the source tree a language's SDK is made of.
struct SdkPart {
    std::string_view lang;
    std::string_view directory;
};
constexpr SdkPart kSdkParts[] = {{"c", "abi/"},  {"c", "sdk/c/"},       {"cpp", "abi/"},   {"cpp", "sdk/c/"},
                                 {"cpp", "sdk/cpp/"}, {"rust", "sdk/rust/"}, {"go", "sdk/go/"}, {"ts", "sdk/assemblyscript/"}};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

NewFile file_of_template(std::string_view path, std::string_view content, std::string_view name) {
    NewFile file{std::string(path), std::string(content), content.starts_with("#!")};
    const size_t begin = file.path.rfind('/') + 1;
    if (std::string_view(file.path).substr(begin).starts_with(kDot)) file.path.replace(begin, kDot.size(), ".");
    replace_all(file.content, "{{name}}", name);
    replace_all(file.content, "{{package}}", package_name_of(name));
    return file;
}

Failure cannot_write(const fs::path& path, const std::string& why) {
    return client_failure("cannot-write", {"The project cannot be written", fmt::format("{}: {}", path.string(), why), "Choose another place with --in DIR"});
}

void write_files(const fs::path& directory, const std::vector<NewFile>& files) {
    for (const auto& file : files) {
        const auto path = directory / file.path;
        std::error_code error;
        fs::create_directories(path.parent_path(), error);
        if (error) throw cannot_write(path.parent_path(), error.message());
        std::ofstream out(path, std::ios::binary);
        out.write(file.content.data(), static_cast<std::streamsize>(file.content.size()));
        out.close();
        if (!out) throw cannot_write(path, std::strerror(errno));
        if (file.executable) fs::permissions(path, fs::perms(0755), error);
    }
}

// Nothing of anybody's is written over.
void check_place(const fs::path& directory) {
    std::error_code error;
    constexpr auto kNextStep = "Choose another name, or another place with --in DIR";
    if (!fs::exists(fs::symlink_status(directory, error))) return;
    if (!fs::is_directory(directory, error)) throw wrong_use(fmt::format("{}: there is something of this name", directory.string()), kNextStep);
    if (!fs::is_empty(directory, error) || error) throw wrong_use(fmt::format("{}: this directory is not empty", directory.string()), kNextStep);
}

}  // namespace

std::string package_name_of(std::string_view function) {
    std::string name;
    for (unsigned char c : function) name += std::isalnum(c) ? static_cast<char>(std::tolower(c)) : c == '-' ? '-' : '_';
    if (!std::isalpha(static_cast<unsigned char>(name[0]))) name.insert(0, "f");
    return name + "-function";
}

std::vector<NewFile> files_of_project(std::string_view name, std::string_view lang) {
    std::vector<NewFile> files;
    const std::string own = fmt::format("{}{}/", kTemplates, lang);
    const std::string shared = fmt::format("{}all/", kTemplates);
    for (const auto& [path, content] : embedded_files()) {
        for (const auto& prefix : {own, shared})
            if (path.starts_with(prefix)) files.push_back(file_of_template(path.substr(prefix.size()), content, name));
        for (const auto& part : kSdkParts)
            if (part.lang == lang && path.starts_with(part.directory))
                files.push_back({std::string(kSdkDirectory) + std::string(path.substr(part.directory.size())), std::string(content), content.starts_with("#!")});
    }
    return files;
}

NewCommand::NewCommand(CommandLine& line) {
    auto& making = line.add_local("new", "Make a project for a function", [this](Output output) { return run(output); });
    making.add_option("NAME", name_, "The function's name, and the directory's: A-Z a-z 0-9 . _ -")->required();
    making.add_option("--lang", lang_, "c, cpp, rust, go or ts (AssemblyScript)")->required();
    making.add_option("--in", parent_, "The directory to make it in (default: this one)")->type_name("DIR");
}

int NewCommand::run(Output output) const {
    if (auto checked = check_name("function", name_); !checked.ok()) throw wrong_use(checked.error().detail, "Choose another name");
    if (std::find(std::begin(kProjectLanguages), std::end(kProjectLanguages), lang_) == std::end(kProjectLanguages))
        throw wrong_use(fmt::format("--lang {}: there is no template for it", lang_), fmt::format("Write one of {}", fmt::join(kProjectLanguages, ", ")));
    const auto directory = fs::path(parent_) / name_;
    check_place(directory);
    const auto files = files_of_project(name_, lang_);
    write_files(directory, files);
    const auto place = directory.lexically_normal().string();
    if (output == Output::json) {
        auto paths = ordered_json::array();
        for (const auto& file : files) paths.push_back(file.path);
        print_json({{"name", name_}, {"lang", lang_}, {"directory", place}, {"files", paths}});
        return kExitDone;
    }
    print_line(printable(fmt::format("made {} with {} files, the SDK among them in {}/inlay-sdk", place, files.size(), place)));
    print_line(printable(fmt::format("next: cd {} && inlay test     # builds it, and runs the cases of inlay.toml\n"
                                     "      inlay dev                # serves it, and again after each save", place)));
    return kExitDone;
}

}  // namespace inlay::cli
