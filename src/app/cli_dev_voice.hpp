// DevVoice: what `inlay dev` says, as lines for people or as one JSON document a line for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "app/cli_client.hpp"
#include "app/cli_failure.hpp"

namespace inlay::cli {

class DevVoice {
  public:
    explicit DevVoice(Output output) : output_(output) {}

    Output output() const { return output_; }
    // `line` for people; `facts` with the member "event" for programs.
    void say(std::string_view event, const std::string& line, nlohmann::ordered_json facts = nlohmann::ordered_json::object()) const;
    // A failure that does not end it; `consequence` says what holds now.
    void say_failure(std::string_view event, const Failure& failure, std::string_view consequence) const;

  private:
    Output output_;
};

// What a function has used between two looks at GET /v1/functions/NAME: "2 requests, 0.412 ms of processor time". Empty: nothing has changed.
std::string usage_between(const nlohmann::ordered_json& before, const nlohmann::ordered_json& now);

// "function.c", "a.c, b.c and 3 more".
std::string names_of(const std::vector<std::string>& files);

}  // namespace inlay::cli
