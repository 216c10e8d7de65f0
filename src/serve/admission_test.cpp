// Admission: which methods each route has.
#include <gtest/gtest.h>

#include "serve/answers.hpp"

namespace inlay::serve {
namespace {

constexpr Method kMethods[] = {Method::get, Method::head, Method::put, Method::post, Method::delete_, Method::patch, Method::options, Method::other};

RequestHead head_of(Method method) {
    RequestHead head;
    head.method = method;
    head.method_text = "METHOD";
    return head;
}

// One letter for each of kMethods that the route has: get head put post delete patch options other.
std::string allowed(const Route& route) {
    std::string letters;
    for (size_t i = 0; i < std::size(kMethods); i++)
        if (!check_method(route, head_of(kMethods[i]))) letters += "ghuPdpoO"[i];
    return letters;
}

TEST(Admission, EachRouteHasItsMethods) {
    EXPECT_EQ(allowed(InvokeRoute{"f", ""}), "ghuPdpoO") << "the function decides";
    EXPECT_EQ(allowed(ObjectRoute{{"b", "k"}}), "ghud");
    EXPECT_EQ(allowed(FunctionRoute{"f"}), "ghud");
    EXPECT_EQ(allowed(BucketRoute{"b"}), "gh");
    EXPECT_EQ(allowed(BucketsRoute{}), "gh");
    EXPECT_EQ(allowed(FunctionsRoute{}), "gh");
    EXPECT_EQ(allowed(FunctionLogRoute{"f"}), "gh");
    EXPECT_EQ(allowed(StatusRoute::metrics), "gh");
}

TEST(Admission, ARefusalNamesTheMethodsThatThereAre) {
    auto refused = check_method(BucketsRoute{}, head_of(Method::put));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, Errc::method_not_allowed);
    EXPECT_EQ(refused->detail, "METHOD is not allowed here: use one of GET, HEAD");
    EXPECT_NE(problem_of_route(*refused, BucketsRoute{}).fields.find("Allow: GET, HEAD\r\n"), std::string::npos);
    refused = check_method(ObjectRoute{{"b", "k"}}, head_of(Method::post));
    ASSERT_TRUE(refused);
    EXPECT_NE(problem_of_route(*refused, ObjectRoute{{"b", "k"}}).fields.find("Allow: GET, HEAD, PUT, DELETE\r\n"), std::string::npos);
    EXPECT_EQ(problem_of_route({Errc::not_found, ""}, BucketsRoute{}).fields.find("Allow"), std::string::npos);
}

TEST(Admission, WritesAreThoseThatChangeSomethingDurable) {
    for (Method method : kMethods) {
        bool writes = method == Method::put || method == Method::delete_;
        EXPECT_EQ(is_write(ObjectRoute{{"b", "k"}}, head_of(method)), writes);
        EXPECT_EQ(is_write(FunctionRoute{"f"}, head_of(method)), writes);
        EXPECT_FALSE(is_write(InvokeRoute{"f", ""}, head_of(method)));
    }
}

}  // namespace
}  // namespace inlay::serve
