"""docs/monitoring.md and the alerts say what the code says."""

import re
from pathlib import Path
from typing import Any

import yaml

from streams.web.families import METRICS

PAGE = Path("docs/monitoring.md")
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load(Path("docs/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"] for rule in RULES}


def table() -> str:
    rows = [
        (
            f"`{metric.name}`",
            "counter" if metric.is_counter else "gauge",
            ", ".join(f"`{label}`" for label in metric.labels),
            metric.meaning,
        )
        for metric in METRICS
    ]
    lines = ["| Metric | Kind | Labels | Meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])


def test_the_table_of_metrics_is_the_codes(update_golden: bool) -> None:
    head, opening, rest = PAGE.read_text().partition("<!-- metrics -->\n")
    body, closing, tail = rest.partition("<!-- /metrics -->\n")
    assert opening
    assert closing
    if update_golden:
        PAGE.write_text(head + opening + table() + closing + tail)
        body = table()
    assert body == table(), f"out of date; pytest {Path(__file__).name} --update-golden"


def test_every_metric_that_an_alert_names_is_exported_with_those_labels() -> None:
    known = {metric.name: {*metric.labels, "instance", "job"} for metric in METRICS}
    for rule in RULES:
        named = re.findall(r"\bsignalbox_\w+", rule["expr"])
        assert named or rule["expr"].startswith("up{"), rule["alert"]
        assert set(named) <= known.keys(), rule["alert"]
        asked = {
            label for group in re.findall(r"(?:by|on) \(([^)]*)\)", rule["expr"]) for label in group.split(", ")
        }
        told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert asked | told <= set().union(*(known[name] for name in named), {"instance"}), rule["alert"]


def test_every_alert_is_explained_proven_and_has_a_severity() -> None:
    _, _, section = PAGE.read_text().partition("## Alerts\n")
    assert set(re.findall(r"^\| `(Signalbox\w+)` \|", section, re.MULTILINE)) == ALERTS
    cases = [
        case
        for test in yaml.safe_load(Path("tests/data/alerts.yml").read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    for fires in (True, False):
        assert {case["alertname"] for case in cases if bool(case.get("exp_alerts")) is fires} == ALERTS
    assert {rule["labels"]["severity"] for rule in RULES} == {"critical", "warning"}
