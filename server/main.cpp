// SPDX-License-Identifier: Apache-2.0
#include <server/program.h>

int main(int argc, char **argv)
{
    return eventsync::server::runProgram(argc, argv);
}
