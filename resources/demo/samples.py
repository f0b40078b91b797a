#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Something to see in the windows of the demo: a few documents, made over REST.

    samples.py URL
"""

import json
import sys
import urllib.error
import urllib.request

SAMPLES = [
    ("games", "dragon-quest", {}, {"name": "Dragon Quest", "gold": 250, "experience": 1200, "level": 7}),
    ("games", "sky-islands", {}, {"name": "Sky Islands", "gold": 40, "experience": 90, "level": 1}),
    ("games", "tower", {}, {"name": "용의 탑", "gold": 1000, "experience": 15000, "level": 23}),
    ("texts", "welcome", {"kind": "crdt"},
     {"name": "Welcome", "text": "Open this text in two windows and type in both.\n두 창에서 이 글을 열고 함께 써 보세요.\n\n"
                                 "Tick \"Work offline\" in one of them, type on, and come back.\n"}),
    ("lists", "shopping", {"kind": "crdt"}, {"name": "Shopping", "items": ["Milk", "Bread", "김치"]}),
]


def main():
    url = sys.argv[1]
    for collection, document, query, state in SAMPLES:
        words = "&".join(f"{key}={value}" for key, value in {"id": document, **query}.items())
        request = urllib.request.Request(f"{url}/api/{collection}?{words}", data=json.dumps(state).encode(), method="POST",
                                         headers={"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            if error.code != 409:  # it is there already: the database was kept
                raise


if __name__ == "__main__":
    main()
