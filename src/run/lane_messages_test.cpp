// Messages between worker and lane: what is written is read, and nothing that lies gets through.
#include "run/lane_messages.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "os/memfd.hpp"

namespace inlay::run {
namespace {

class OutcomeMessage : public testing::Test {
  protected:
    // What the worker makes of an outcome; nullopt: it is refused.
    std::optional<Outcome> through(const Outcome& outcome) {
        WireWriter writer;
        write(writer, outcome, [this](int fd) { return fd == given_[0]->fd() ? 1u : fd == given_[1]->fd() ? 2u : 3u; });
        return parse(writer.take());
    }
    std::optional<Outcome> parse(const std::string& bytes) {
        WireReader reader(bytes);
        Outcome outcome;
        read(reader, outcome, [this](uint64_t number) { return number >= 1 && number <= 2 ? given_[number - 1] : nullptr; });
        return reader.finished() ? std::optional(std::move(outcome)) : std::nullopt;
    }
    static std::shared_ptr<const os::Pages> pages(uint64_t size) {
        return std::make_shared<const os::Pages>(os::create_memfd("messages-test", 0).value(), size, os::Pages::Home::memory);
    }
    static Outcome with_piece(std::shared_ptr<const os::Pages> pages, uint64_t offset, uint64_t length) {
        Completed completed;
        completed.response.content.push_back({{}, std::move(pages), offset, length});
        return {.how = std::move(completed)};
    }
    bool takes_fields(const std::string& fields) {
        Completed completed;
        completed.response.fields = fields;
        return through({.how = std::move(completed)}).has_value();
    }

    std::shared_ptr<const os::Pages> given_[2] = {pages(100), pages(4096)};
};

TEST_F(OutcomeMessage, ContentKeepsItsPlaceInWhatWasGiven) {
    Completed completed;
    completed.response.status = 418;
    completed.response.fields = "X-One: 1\r\nContent-Type: text/plain\r\n";
    completed.response.has_content_type = true;
    completed.response.content.push_back({"inline", nullptr});
    completed.response.content.push_back({{}, given_[1], 96, 4000});
    StagedEffect staged;
    staged.effect.name = {"b", "k"};
    staged.effect.content_type = "text/plain";
    staged.effect.kind = registry::ContentKind::pages;
    staged.effect.fd = given_[0]->fd();
    staged.effect.length = 100;
    completed.effects.push_back(staged);
    Outcome outcome{.how = std::move(completed)};
    outcome.cost = {1, {2, 3, 4, 5}, 6, 7, 8};
    outcome.log.lines.push_back({2, "a line"});

    auto read_back = through(outcome);
    ASSERT_TRUE(read_back);
    auto& response = std::get<Completed>(read_back->how).response;
    EXPECT_EQ(response.status, 418u);
    EXPECT_EQ(response.fields, "X-One: 1\r\nContent-Type: text/plain\r\n");
    EXPECT_TRUE(response.has_content_type);
    ASSERT_EQ(response.content.size(), 2u);
    EXPECT_EQ(response.content[0].bytes, "inline");
    EXPECT_EQ(response.content[1].pages, given_[1]);
    EXPECT_EQ(response.content[1].offset, 96u);
    EXPECT_EQ(response.content[1].length, 4000u);
    auto& effect = std::get<Completed>(read_back->how).effects.at(0);
    EXPECT_EQ(effect.effect.fd, given_[0]->fd());
    EXPECT_EQ(effect.effect.length, 100u);
    EXPECT_EQ(effect.effect.name.path(), "b/k");
    EXPECT_EQ(effect.pages, given_[0]);
    EXPECT_EQ(read_back->cost.copied.total(), 14u);
    EXPECT_EQ(read_back->cost.run_us, 8u);
    EXPECT_EQ(read_back->log.lines.at(0).text, "a line");
}

TEST_F(OutcomeMessage, EveryEndingButUnfinishedIsRead) {
    EXPECT_EQ(std::get<Failed>(through({.how = Failed{-7, "kRangesMax = 1024"}})->how).code, -7);
    EXPECT_EQ(std::get<Failed>(through({.how = Failed{-7, "kRangesMax = 1024"}})->how).limit_met, "kRangesMax = 1024");
    EXPECT_EQ(std::get<Trapped>(through({.how = Trapped{{Errc::input_is_read_only, "why"}}})->how).error,
              (Error{Errc::input_is_read_only, "why"}));
    EXPECT_EQ(std::get<Refused>(through({.how = Refused{{Errc::overloaded, "full"}}})->how).error.code, Errc::overloaded);
    EXPECT_FALSE(through({.how = Unfinished{}}));
}

TEST_F(OutcomeMessage, RangesOutsideOfWhatWasGivenAreRefused) {
    EXPECT_TRUE(through(with_piece(given_[0], 0, 100)));
    EXPECT_TRUE(through(with_piece(given_[0], 99, 1)));
    EXPECT_FALSE(through(with_piece(given_[0], 0, 101)));
    EXPECT_FALSE(through(with_piece(given_[0], 100, 1)));
    EXPECT_FALSE(through(with_piece(given_[0], UINT64_MAX, 2)));
    EXPECT_FALSE(through(with_piece(pages(1), 0, 1))) << "never given";
}

TEST_F(OutcomeMessage, FieldsThatAGuestCouldNotHaveSetAreRefused) {
    EXPECT_TRUE(takes_fields(""));
    EXPECT_TRUE(takes_fields("A: b\r\nC: \r\n"));
    for (const char* fields : {"A: b", "A: b\r\n\r\n", "A\r\n: b\r\n", "A: b\r\nContent-Length: 1\r\n", "A b: c\r\n", "A: b\nc\r\n",
                               "Inlay-Cost: x\r\n", "A:b\r\n"})
        EXPECT_FALSE(takes_fields(fields)) << fields;
    EXPECT_FALSE(takes_fields("A: " + std::string(kResponseHeaderBytesMax, 'x') + "\r\n"));
}

TEST_F(OutcomeMessage, StatusNamesAndCountsAreChecked) {
    for (unsigned status : {0u, 100u, 199u, 600u, 100'000u}) {
        Completed completed;
        completed.response.status = status;
        EXPECT_FALSE(through({.how = std::move(completed)})) << status;
    }
    Completed named;
    named.effects.emplace_back().effect.name = {"b", "../k"};
    EXPECT_FALSE(through({.how = std::move(named)}));
    Completed many;
    many.effects.resize(kPublishesMax + 1);
    for (auto& staged : many.effects) staged.effect.name = {"b", "k"};
    EXPECT_FALSE(through({.how = std::move(many)}));
    Completed pieces;
    pieces.response.content.resize(kRangesMax + 1);
    EXPECT_FALSE(through({.how = std::move(pieces)}));
}

TEST_F(OutcomeMessage, CutShortItIsRefused) {
    Outcome outcome = with_piece(given_[0], 0, 100);
    outcome.log.lines.push_back({2, "a line"});
    WireWriter writer;
    write(writer, outcome, [](int) { return 1u; });
    std::string whole = writer.take();
    ASSERT_TRUE(parse(whole));
    for (size_t length = 0; length < whole.size(); length++) EXPECT_FALSE(parse(whole.substr(0, length))) << length;
    EXPECT_FALSE(parse(whole + "x"));
}

TEST(RequestMessage, IsReadAsItWas) {
    std::vector<HeadField> sent_fields{{"Host", "h"}, {"Accept", ""}};
    auto pages = std::make_shared<const os::Pages>(os::create_memfd_of("test", "0123456789").value(), 10, os::Pages::Home::memory);
    Request sent;
    sent.method = "POST";
    sent.path = "/f/x/rest";
    sent.rest = "/rest";
    sent.query = "a=b";
    sent.fields = sent_fields;
    sent.body.inline_bytes = "content";
    sent.body.size = 7;
    sent.body.copied = 3;
    sent.count_private = true;
    Terms terms{.id = 5, .attempt = 2, .place = Place::lane, .deadline_ns = 99, .clock = {7, 8}, .depth = 3, .calls_max = 77};
    WireWriter writer;
    write(writer, terms);
    sent.is_call = true;
    sent.inputs = {Piece{.bytes = "inline"}, Piece{.pages = pages, .offset = 3, .length = 5}};
    write(writer, sent, [&](int fd) -> uint64_t { return fd == pages->fd() ? 4 : 0; });
    std::string bytes = writer.take();

    WireReader reader(bytes);
    Terms read_terms;
    Request request;
    std::vector<HeadField> fields;
    read(reader, read_terms);
    read(reader, request, fields, [&](uint64_t number) { return number == 4 ? pages : nullptr; });
    ASSERT_TRUE(reader.finished());
    EXPECT_EQ(read_terms.id, 5u);
    EXPECT_EQ(read_terms.attempt, 2u);
    EXPECT_EQ(read_terms.deadline_ns, 99u);
    EXPECT_EQ(read_terms.clock.resolution_ns, 7u);
    EXPECT_EQ(read_terms.clock.seed, 8u);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/f/x/rest");
    EXPECT_EQ(request.rest, "/rest");
    EXPECT_EQ(request.query, "a=b");
    ASSERT_EQ(request.fields.size(), 2u);
    EXPECT_EQ(request.fields[0].value, "h");
    EXPECT_EQ(request.body.inline_bytes, "content");
    EXPECT_EQ(request.body.size, 7u);
    EXPECT_EQ(request.body.copied, 3u);
    EXPECT_TRUE(request.count_private);
    EXPECT_TRUE(request.is_call);
    ASSERT_EQ(request.inputs.size(), 2u);
    EXPECT_EQ(request.inputs[0].bytes, "inline");
    EXPECT_EQ(request.inputs[1].pages, pages);
    EXPECT_EQ(request.inputs[1].offset, 3u);
    EXPECT_EQ(request.inputs[1].length, 5u);
    EXPECT_EQ(read_terms.depth, 3u);
    EXPECT_EQ(read_terms.calls_max, 77u);
}

TEST(LaneMessages, ACallGoesWithItsTermsAndOnlyWithWhatWasGiven) {
    auto pages = std::make_shared<const os::Pages>(os::create_memfd_of("test", "0123456789").value(), 10, os::Pages::Home::memory);
    Call sent{.id = 9, .name = "callee", .query = "a=b", .inputs = {Piece{.bytes = "xy"}, Piece{.pages = pages, .offset = 2, .length = 8}}};
    WireWriter writer;
    write(writer, sent, [](int) -> uint64_t { return 1; });
    write(writer, CallTerms{.deadline_ns = 5, .depth = 2, .calls = 30});
    const std::string bytes = writer.take();
    auto read_with = [&](std::shared_ptr<const os::Pages> given) {
        WireReader reader(bytes);
        Call call;
        CallTerms terms;
        bool ok = read(reader, call, [&](uint64_t number) { return number == 1 ? given : nullptr; });
        if (ok) read(reader, terms);
        EXPECT_TRUE(!ok || (reader.finished() && call.name == "callee" && call.query == "a=b" && call.inputs[0].bytes == "xy" && terms.depth == 2 &&
                            terms.calls == 30 && terms.deadline_ns == 5));
        return ok;
    };
    EXPECT_TRUE(read_with(pages));
    EXPECT_FALSE(read_with(nullptr));
    EXPECT_FALSE(read_with(std::make_shared<const os::Pages>(os::create_memfd_of("test", "012345678").value(), 9, os::Pages::Home::memory)))
        << "beyond its end";
}

}  // namespace
}  // namespace inlay::run
