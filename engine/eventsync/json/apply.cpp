// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/patch.h>
