// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every bound of EventSync, with its unit and its reason. Programs may be configured downwards from here
// (Limits below), never upwards: what is stored under a bound must stay readable.
//
// A source includes this header; a header includes only the part that it uses, so that a new bound does not compile
// everything again.
#include <eventsync/base/clientlimits.h>
#include <eventsync/base/connectionlimits.h>
#include <eventsync/base/crdtlimits.h>
#include <eventsync/base/nodelimits.h>
#include <eventsync/base/storelimits.h>
#include <eventsync/base/timelimits.h>
#include <eventsync/base/upkeeplimits.h>
#include <eventsync/base/valuelimits.h>
