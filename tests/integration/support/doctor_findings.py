"""What `pushmetrics doctor --json` found."""

import json


def findings(result, check=None):
    """Triples of check, status and whole text, of one check or all."""
    document = json.loads(result.stdout)
    assert document["healthy"] == (result.status == 0)
    assert [one for one in document["findings"] if (one["status"] == "ok") != (one["remedy"] is None)] == []
    return [
        (one["check"], one["status"], one["message"] + " | " + (one["remedy"] or ""))
        for one in document["findings"]
        if check in (None, one["check"])
    ]


def worst(result, check):
    return max((status for _, status, _ in findings(result, check)), key=["ok", "warn", "fail"].index)
