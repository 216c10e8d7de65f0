#include "serve/field_rules.hpp"
