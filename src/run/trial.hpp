// For tests: runs guests given as text, with a request and objects that lie in memory files.
//
//     Trial trial;
//     trial.add_object("data/one", "content");
//     EXPECT_EQ(trial.code(call("open", {1024, 8, 16})), INLAY_E_ABSENT);
#pragma once

#include <concepts>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/clock.hpp"
#include "engine/workshop.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "run/executor.hpp"
#include "run/output_pages.hpp"
#include "run/host_api.hpp"

namespace inlay::run {

// The one workshop of this test program.
inline engine::Workshop& workshop() {
    static engine::Workshop made(host_functions());
    return made;
}

inline std::string all_imports() {
    std::string text;
    for (const auto& function : host_functions()) {
        text += "(import \"" + std::string(function.module) + "\" \"" + std::string(function.name) + "\" (func $" + std::string(function.name) + " (param";
        for (size_t i = 0; i < function.parameters; i++) text += function.is_i64[i] ? " i64" : " i32";
        text += function.has_result ? ") (result i32)))" : ")))";
    }
    return text;
}

// An argument of call(): a number, or an expression of the text form.
struct Argument {
    template <class T>
        requires std::integral<T> || std::is_enum_v<T>
    Argument(T value) : text(std::to_string(static_cast<int64_t>(value))), is_number(true) {}
    Argument(std::string expression) : text(std::move(expression)) {}
    Argument(const char* expression) : text(expression) {}

    std::string text;
    bool is_number = false;
};

// An expression that calls a host function.
inline std::string call(std::string_view name, std::initializer_list<Argument> arguments) {
    std::string text = "(call $" + std::string(name);
    for (const auto& function : host_functions()) {
        if (function.name != name) continue;
        INLAY_CHECK(arguments.size() == function.parameters);
        size_t i = 0;
        for (const auto& argument : arguments) {
            bool wide = function.is_i64[i++];
            text += argument.is_number ? (wide ? " (i64.const " : " (i32.const ") + argument.text + ")" : " " + argument.text;
        }
    }
    return text + ")";
}

// The same where the result is of no interest.
inline std::string then(std::string_view name, std::initializer_list<Argument> arguments) {
    return "(drop " + call(name, arguments) + ")";
}

inline std::string word_at(uint32_t address) { return "(i32.load (i32.const " + std::to_string(address) + "))"; }

// An address in a window: what lies `offset` behind the address in the range at `at`.
inline std::string in_window(uint32_t at, uint32_t offset) {
    return "(i32.add " + word_at(at) + " (i32.const " + std::to_string(offset) + "))";
}

// The text at address `at` of a guest's memory, as a part of its module.
inline std::string text_at(uint32_t at, std::string_view text) {
    return "(data (i32.const " + std::to_string(at) + ") \"" + std::string(text) + "\")";
}

inline std::string content_of(const Piece& piece) {
    if (!piece.pages) return std::string(piece.text());
    std::string bytes(piece.length, '?');
    INLAY_CHECK(os::read_exactly_at(piece.pages->fd(), bytes.data(), bytes.size(), piece.offset).ok());
    return bytes;
}

inline std::string content_of(const Response& response) {
    std::string bytes;
    for (const auto& piece : response.content) bytes += content_of(piece);
    return bytes;
}

class Trial {
  public:
    Request request;
    Terms terms{.id = 0xabc};
    OutputBudget* outputs = &roomy_;  // Where output memory is accounted for.
    size_t keys_max = kSupplyKeysMax; // Of one page of keys.
    bool all_in_memory = true;        // Objects can be read without waiting for a disk.
    FunctionLimits limits{.timeout_ms = 10'000};
    std::string environment;
    std::string directories;          // As the catalog keeps them.
    struct Call {
        std::string function;
        Cost cost;
        registry::LogLines log;
    };
    std::vector<Call> calls;                   // In the order of their ends.
    std::optional<Error> admission_error;      // What every call is refused with.
    Error finder_error{Errc::object_not_found, "absent"};  // What a look-up of an absent object ends with.

    // The returned file can be truncated: it stands for one that somebody tampers with.
    int add_object(const std::string& path, std::string_view content) {
        return add_file(path, os::create_memfd_of("trial-object", content).value(), content.size());
    }
    int add_sparse_object(const std::string& path, uint64_t size) {
        return add_file(path, os::create_memfd("trial-object", size).value(), size);
    }
    // An object that is shorter than the catalog says.
    int add_file(const std::string& path, os::Fd file, uint64_t size) {
        int fd = file.get();
        auto object = std::make_shared<registry::Object>();
        object->record.name = parse_object_name(path).value();
        object->record.size_bytes = size;
        object->pages = os::Pages(std::move(file), size, os::Pages::Home::disk);
        objects_[path] = std::move(object);
        return fd;
    }
    int set_body(std::string_view content) {
        auto pages = std::make_shared<const os::Pages>(os::create_memfd_of("trial-body", content).value(), content.size(),
                                                       os::Pages::Home::memory);
        int fd = pages->fd();
        request.body = Body{{}, std::move(pages), content.size(), 0};
        return fd;
    }

    // A function that the guest may call.
    registry::Function& add_function(const std::string& name, const std::string& body, const std::string& before = "") {
        auto function = std::make_shared<registry::Function>();
        function->record.name = name;
        function->record.limits = {.timeout_ms = 10'000};
        function->program = workshop().program(engine::guest(body, all_imports() + before));
        auto& made = *function;
        functions_[name] = std::move(function);
        return made;
    }

    // Runs a guest whose inlay_handle is `body`, which gives the result; `before` stands before it.
    Outcome run(const std::string& body, const std::string& before = "") { return run_module(engine::guest(body, all_imports() + before)); }

    Outcome run_module(const std::string& module) { return run_program(workshop().program(module)); }

    Outcome run_program(std::shared_ptr<const engine::Program> program) {
        registry::Function function;
        function.record.name = "trial";
        function.record.limits = limits;
        function.record.env = environment;
        function.record.directories = directories;
        function.program = std::move(program);
        terms.deadline_ns = monotonic_ns() + limits.timeout_ms * 1'000'000;
        return execute(function, request, supply_, terms);
    }

    // What inlay_handle returned; 1000 and more: it did not.
    int32_t code(const std::string& body, const std::string& before = "") {
        auto outcome = run(body, before);
        if (auto* failed = std::get_if<Failed>(&outcome.how)) return failed->code;
        if (auto* trapped = std::get_if<Trapped>(&outcome.how)) return 1000 + static_cast<int32_t>(trapped->error.code);
        if (auto* refused = std::get_if<Refused>(&outcome.how)) return 2000 + static_cast<int32_t>(refused->error.code);
        return 0;
    }

    // What a guest responds with that ends by giving 0.
    std::string response_of(const std::string& body, const std::string& before = "") {
        auto outcome = run(body + "(i32.const 0)", before);
        auto* completed = std::get_if<Completed>(&outcome.how);
        return completed ? content_of(completed->response) : "(did not complete)";
    }

    // The error of a guest that was ended.
    Error error_of(const std::string& body, const std::string& before = "") {
        auto outcome = run(body, before);
        auto* trapped = std::get_if<Trapped>(&outcome.how);
        return trapped ? trapped->error : Error{Errc::internal, "not trapped"};
    }

    Supply& supply() { return supply_; }

  private:
    class TrialSupply final : public Supply {
      public:
        explicit TrialSupply(Trial& trial) : trial_(trial) {}
        Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override {
            auto found = trial_.objects_.find(name.path());
            if (found == trial_.objects_.end()) return trial_.finder_error;
            return std::shared_ptr<const registry::Object>(found->second);
        }
        Result<KeyPage> list_keys(std::string_view bucket, std::string_view prefix, std::string_view after) override {
            KeyPage page;
            for (const auto& [path, object] : trial_.objects_) {
                const auto& name = object->record.name;
                const bool is_meant = name.bucket == bucket && name.key.starts_with(prefix) && name.key > after;
                if (is_meant && page.keys.size() == trial_.keys_max) page.next = page.keys.back();
                if (is_meant && page.next.empty()) page.keys.push_back(name.key);
            }
            return page;
        }
        bool may_read(const std::shared_ptr<const os::Pages>&, uint64_t, uint64_t) override { return trial_.all_in_memory; }
        Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) override {
            return create_output_pages(*trial_.outputs, "trial-output", size);
        }
        bool take_log_line(uint64_t, std::string_view) override { return false; }
        Result<Callee> admit(std::string_view name, uint64_t) override {
            if (trial_.admission_error) return *trial_.admission_error;
            auto found = trial_.functions_.find(std::string(name));
            if (found == trial_.functions_.end()) return Error{Errc::function_not_found, "absent"};
            return Callee{found->second, nullptr};
        }
        void note_call(const CallEnd& end) override { trial_.calls.push_back({end.function.record.name, end.outcome.cost, end.outcome.log}); }

      private:
        Trial& trial_;
    };

    OutputBudget roomy_{UINT64_MAX, SIZE_MAX};
    std::map<std::string, std::shared_ptr<const registry::Object>> objects_;
    std::map<std::string, std::shared_ptr<registry::Function>> functions_;
    TrialSupply supply_{*this};
};

}  // namespace inlay::run
