// What must hold for any text that is to be a pipeline: it is refused with its line, or everything that it names is there, in an order that works.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "base/names.hpp"
#include "input_text.hpp"
#include "registry/plan.hpp"

namespace inlay::fuzz::plan {

inline void check_source(const registry::Plan& plan, const registry::PlanSource& source) {
    if (source.kind == registry::PlanSource::Kind::step) INLAY_CHECK(source.step < plan.steps.size());
    if (source.kind == registry::PlanSource::Kind::object && source.object.is_fixed()) INLAY_CHECK(parse_object_name(source.object.source()).ok());
}

inline void check_step(const registry::Plan& plan, const registry::Step& step) {
    INLAY_CHECK(check_name("step", step.name).ok() && check_name("function", step.function).ok());
    INLAY_CHECK(step.inputs.size() <= kPlanInputsMax && step.retries <= kStepRetriesMax && step.timeout_ms <= kTimeoutMsMax);
    INLAY_CHECK(step.line >= 1 && step.when.step < plan.steps.size());
    for (const auto& source : step.inputs) {
        check_source(plan, source);
        if (source.kind == registry::PlanSource::Kind::each) INLAY_CHECK(step.each.kind != registry::Each::Kind::once);
        if (source.kind == registry::PlanSource::Kind::step)
            INLAY_CHECK(std::find(step.after.begin(), step.after.end(), source.step) != step.after.end());
    }
    check_source(plan, step.each.source);
    if (step.each.kind == registry::Each::Kind::split)
        INLAY_CHECK((step.each.pieces == 0) != (step.each.piece_bytes == 0) && step.each.record_bytes > 0 && step.each.pieces <= kStepItemsMax);
}

inline void one_input(std::span<const uint8_t> input) {
    const auto text = as_text(input);
    auto parsed = registry::Plan::parse(text);
    if (!parsed.ok()) {
        INLAY_CHECK(parsed.error().code == Errc::bad_request && parsed.error().detail.starts_with("pipeline"));
        return;
    }
    const auto& plan = *parsed;
    INLAY_CHECK(!plan.steps.empty() && plan.steps.size() <= kPlanStepsMax && plan.result < plan.steps.size() && plan.order.size() == plan.steps.size());
    std::vector<bool> placed(plan.steps.size());
    for (size_t step : plan.order) {
        for (size_t before : plan.steps[step].after) INLAY_CHECK(placed[before]);
        INLAY_CHECK(!placed[step]);
        placed[step] = true;
        check_step(plan, plan.steps[step]);
    }
    auto again = registry::Plan::parse(plan.text);
    INLAY_CHECK(again.ok() && again->order == plan.order);
}

}  // namespace inlay::fuzz::plan
