#include "serve/query.hpp"
