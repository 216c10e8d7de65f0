// What the steps of a pipeline are given: content by the names of its plan, and the items of a fan-out.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "registry/function.hpp"
#include "registry/plan.hpp"
#include "run/cost.hpp"
#include "run/request.hpp"
#include "serve/request_head.hpp"

namespace inlay::serve {

class Worker;

// A request for a pipeline. Valid until: its reply is sent.
struct PipelineInput {
    std::string_view rest;
    const RequestHead& head;
    const run::Body& body;
};

// What one call of a step is for: content, an object that is opened when it begins, or what a call of another step has given.
struct PipelineItem {
    std::vector<run::Piece> content = {};
    std::string key = {};             // Of that object; empty: there is none.
    std::optional<size_t> of_call = {};  // Of that step.
};

// The request and the objects that a plan names. Such an object is opened once: all steps see the same version.
class PipelineContent {
  public:
    PipelineContent(Worker& worker, const PipelineInput& input) : worker_(worker), input_(input) {}

    // Errors: bad_request: the request does not have what a placeholder stands for.
    enum class Form { plain, query };
    Result<std::string> fill(const registry::Template& text, Form form) const;
    Result<ObjectName> name_of(const registry::Template& text) const;
    Result<std::string> parameter(std::string_view name) const;

    // One that the plan names. Errors: as fill(); bad_name; object_not_found and all others of a look-up.
    Result<run::Piece> object(const registry::Template& text);
    // Any object, as it is now.
    Result<run::Piece> open(const ObjectName& name) const;
    // The request's content; no piece: there is none. Copied where it lies in no pages.
    std::vector<run::Piece> request() const;

    uint64_t request_copied() const { return input_.body.copied; }

    // The names of all objects that are there now. Errors: bad_request: more than kStepItemsMax; function_timed_out after `deadline_ns`; draining ...
    boost::asio::awaitable<Result<std::vector<std::string>>> keys(std::string_view bucket, const registry::Template& prefix, uint64_t deadline_ns);

  private:
    Worker& worker_;
    PipelineInput input_;
    std::map<std::string, run::Piece> opened_;  // By path.
};

}  // namespace inlay::serve
