#define BOOST_TEST_MODULE chartwire
#include <boost/test/unit_test.hpp>
