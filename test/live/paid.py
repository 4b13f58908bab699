#!/usr/bin/env python3
"""Whether plans, reviews and gates are worth their money: what is recorded of them, what `rung
report` says, and what the next run does about it.

paid.py RUNG"""
import json
import sys

from fixture import GATES, Fixture, expect
from scripted_agent import COST

STRICT = """import pathlib, sys
sys.exit(1 if pathlib.Path("src/sneaked").exists() else 0)
"""


def body(i, skill=1, *more):
    return "\n".join([f"module m{i:03d}", f"skill {skill}", *more])


def report(fixture, part):
    done = fixture.call("report", "--json", check=0)
    return json.loads(done.stdout).get("planning_and_review", {}).get(part, [])


def strict_fixture(rung, audit, gates=GATES, **more):
    fixture = Fixture(rung, gates=gates + "  - {name: strict, command: [python3, strict.py], "
                      f"audit: true}}\naudit: {audit}\n", trust=False, **more)
    (fixture.top / "strict.py").write_text(STRICT)
    fixture.commit("A strict gate")
    fixture.call("trust", check=0)
    return fixture


def test_audit(rung):
    fixture = strict_fixture(rung, audit=1)
    got, done = fixture.run_json("Sneak", "--body", body(0, 1, "trick sneak"), "--review", "never",
                                 check=0)
    first, second = got["attempts"]
    verdicts = {g["name"]: g["verdict"] for g in first["gates"]}
    expect(verdicts["tests"] == "pass" and verdicts["audit:strict"] == "fail", verdicts)
    expect(first["success"] is False and second["success"] is True, "what is refuted is no success")
    expect("REFUTED" in done.stderr, f"and that is said: {done.stderr}")
    expect(got["auditing"] == "chosen" and got["auditPropensity"] == 1, "how it was chosen")
    got, _ = fixture.run_json("Sneak", "--body", body(1, 1, "trick sneak"), "--review", "never",
                              "--max-attempts", "1", check=5)
    expect(got["success"] is False and got["branch"] is None, "nothing that is refuted is delivered")
    fixture.run_json("Honest", "--body", body(2), "--review", "never", check=0)
    row = report(fixture, "audits")[0]
    expect((row["n"], row["refuted"]) == (3, 2), f"the first change of each: {row}")
    expect(abs(row["false_accepts"][0] - 0.0943) < 1e-4, f"Clopper-Pearson: {row}")
    expect("Planning and review" in fixture.call("report").stdout, "a person is told too")
    expect("| all | any | 3 | 2 |" in fixture.call("report", "--format", "markdown").stdout, "a page")

    fixture = strict_fixture(rung, audit=2, modules=24)
    rows = [{"id": f"t-{i}", "title": f"Mend {i}", "body": body(i)} for i in range(24)]
    fixture.call("swarm", "--file", fixture.tasks(rows), "--jobs", "4", "--review", "never", check=0)
    chosen = 0
    for row in fixture.rows():
        audited = any(g["name"] == "audit:strict" for g in row["attempts"][-1]["gates"])
        expect(audited == (row["auditing"] == "chosen"), f"by dice alone: {row}")
        expect(row["auditPropensity"] == 0.5, "its chance is recorded")
        chosen += audited
    expect(0 < chosen < 24, f"{chosen} of 24 by dice")
    expect(report(fixture, "audits")[0]["n"] == chosen, "and counted")
    print(f"audit: refutes, is loud, climbs; {chosen} of 24 by dice; the rate has its interval")


def test_judges(rung):
    judged = "gates:\n  - {name: opinion, judge: large}\n"
    fixture = strict_fixture(rung, audit=1, gates=judged)
    for i, (review, trick, want) in enumerate((("", "", 0), ("", "trick sneak", 5),
                                               ("review reject", "", 5),
                                               ("review reject", "trick sneak", 5))):
        fixture.run_json(f"Task {i}", "--body", body(0, 1, review, trick), "--max-attempts", "1",
                         "--review", "never", check=want)
    [row] = report(fixture, "judges")
    got = [row[k] for k in ("n", "rejected", "confirmed", "missed", "caught", "false_alarms")]
    expect(got == [4, 2, 1, 1, 1, 1], f"each of the four cases once: {row}")
    expect(abs(row["agreement"][1] - 0.5) < 1e-9 and row["agreement"][0] < 0.2, "with its interval")
    expect(abs(row["cost_usd"] - 4 * COST["large"]) < 1e-9, "what judging did cost")
    expect(abs(row["cost_per_catch"] - 4 * COST["large"]) < 1e-9, "and each catch")
    fixture.run_json("Unaudited", "--body", body(0), "--rung", "large", check=0)
    fixture.call("log", "Unaudited", "--amend", "--failure", check=0)
    before = fixture.rows()
    expect(len(before) == 5 and before[-1]["attempts"][0]["success"] is False, before[-1])
    expect(before[-1]["outcomeSource"] == "user" and before[-1]["costSource"] == "measured", "user")
    expect(fixture.call("log", "Nobody", "--amend", "--failure").returncode == 1, "none to amend")
    print("judges: what they caught, missed and refused wrongly, by audits of the same changes")


def planned_row(number, planned, held, accepted, p=None, label="ui"):
    attempts = [{"rung": "small", "phase": "execute", "success": held}]
    if planned:
        attempts = [{"rung": "middle", "phase": "plan", "success": True},
                    {"rung": "small", "phase": "execute", "part": "a", "success": held}]
    if not held:
        attempts.append({"rung": "middle", "phase": "execute", "success": accepted})
    row = {"id": f"exp_{number}_aaaaa", "timestamp": 1795000000000 + number, "taskId": f"t{number}",
           "modelUsed": "small", "rung": "small", "success": accepted, "cost": 0.06 if planned else
           0.03, "costSource": "measured", "outcomeSource": "test", "labels": [label],
           "attempts": attempts}
    if p is not None:
        row |= {"planning": "chosen" if planned else "passed-over", "planPropensity": p}
    return row


def import_arms(fixture, planned, alone, p=None, first=0, label="ui"):
    """`planned` and `alone`: how many first tries held, of how many."""
    rows = [planned_row(first + i, True, i < planned[0], True, p, label)
            for i in range(planned[1])]
    rows += [planned_row(first + planned[1] + i, False, i < alone[0], i < alone[0], p, label)
             for i in range(alone[1])]
    path = fixture.top.parent / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fixture.call("import", str(path), check=0)


def test_planning_report(rung):
    fixture = Fixture(rung)
    expect("Planning" not in fixture.call("report").stdout, "nothing where there is no such data")
    import_arms(fixture, (56, 70), (48, 80))
    everything, ui = report(fixture, "plans")
    expect(everything["label"] is None and ui["label"] == "ui", "all, then by label")
    low, mean, high = ui["difference"]  # Newcombe's own example
    expect(abs(low - 0.0524) < 5e-5 and abs(mean - 0.2) < 1e-9 and abs(high - 0.3339) < 5e-5, ui)
    expect(ui["randomised"] is False and ui["verdict"] == "SUPPORTED", ui)
    expect(abs(ui["planned"]["cost_per_accepted"] - 0.06) < 1e-9, "all of them were accepted")
    expect(abs(ui["alone"]["cost_per_accepted"] - 0.05) < 1e-9, "48 of 80 were")
    text = " ".join(fixture.call("report").stdout.split())
    expect("not randomised: people" in text and "raises acceptance" in text, text)

    fixture = Fixture(rung)
    import_arms(fixture, (9, 10), (2, 4))
    text = " ".join(fixture.call("report").stdout.split())
    expect("INSUFFICIENT: the interval" in text and "raises" not in text, "14 tasks say nothing")
    # Where dice chose, at chances that changed meanwhile, only those tasks count.
    import_arms(fixture, (8, 10), (20, 40), p=0.2, first=100)
    import_arms(fixture, (24, 30), (15, 30), p=0.5, first=200)
    ui = report(fixture, "plans")[1]
    expect(ui["randomised"] and ui["thrown"] == 110, ui)
    expect(abs(ui["difference"][1] - 0.3) < 1e-9, f"0.8 against 0.5, whatever the shares: {ui}")
    expect(ui["verdict"] == "SUPPORTED", ui)
    print("plans: the difference of first tries with its interval, by dice where dice were thrown")


def policy_fixture(rung, lines, modules=3):
    return Fixture(rung, gates=GATES + lines, modules=modules)


def test_plan_policy(rung):
    plan = "plan: {rung: middle, when: [ui], mode: MODE}\nexplore: SHARE\n"
    parts = "part m000 skill 1 trivial\npart m001 skill 1 trivial\n"

    def phases(fixture, *more):
        got, done = fixture.run_json("Two", "--body", parts, "--rung", "small", "--review", "never",
                                     *more, check=0)
        return [a["phase"] for a in got["attempts"]], got, done.stderr

    parts += "module m002\nskill 1\n"
    always = policy_fixture(rung, plan.replace("MODE", "always").replace("SHARE", "0"))
    expect(phases(always)[0] == ["execute"], "only what `when` names")
    ran, got, said = phases(always, "--label", "area:ui")
    expect(ran == ["plan", "execute", "execute"] and "the policy says always" in said, said)
    expect(got["planning"] == "chosen" and "planPropensity" not in got, "nobody threw")
    expect(phases(always, "--label", "ui", "--plan", "none")[0] == ["execute"], "--plan none")
    never = policy_fixture(rung, plan.replace("MODE", "never").replace("SHARE", "0.5"))
    expect(phases(never, "--label", "ui")[0] == ["execute"], "never is never")

    auto = policy_fixture(rung, plan.replace("MODE", "auto").replace("SHARE", "0"))
    ran, got, said = phases(auto, "--label", "ui")
    expect(ran == ["execute"] and "no outcomes say yet" in said, said)
    import_arms(auto, (56, 70), (48, 80))
    expect(phases(auto, "--label", "ui")[0] == ["execute"], "what people chose proves nothing")
    import_arms(auto, (28, 35), (24, 40), p=0.5, first=300)
    ran, got, said = phases(auto, "--label", "ui")
    expect(ran == ["execute"] and "INSUFFICIENT" in said, said)
    import_arms(auto, (28, 35), (24, 40), p=0.5, first=500)
    ran, got, said = phases(auto, "--label", "ui")
    expect(ran[0] == "plan" and "planned first: by dice on 150 tasks (ui" in said, said)
    expect("+20.0 [+5.2 … +33.4] pp" in said, f"Newcombe's example again: {said}")
    shown = auto.call("run", "Two", "--body", parts, "--rung", "small", "--label", "ui",
                      "--dry-run", check=0).stdout
    expect("plan: planned first: by dice" in shown, f"a dry run says it: {shown}")

    thrown = policy_fixture(rung, plan.replace("MODE", "auto").replace("SHARE", "0.5"), modules=24)
    rows = [{"id": f"t-{i}", "title": f"Mend {i}", "labels": ["ui"],
             "body": f"part m{i:03d} skill 1 trivial\nmodule m{i:03d}\nskill 1"}
            for i in range(24)]
    thrown.call("swarm", "--file", thrown.tasks(rows), "--rung", "small", "--jobs", "4",
                "--review", "never", check=0)
    planned = [any(a["phase"] == "plan" for a in row["attempts"]) for row in thrown.rows()]
    expect(all(row["planPropensity"] == 0.5 and (row["planning"] == "chosen") == did
               for row, did in zip(thrown.rows(), planned)), "its chance is recorded")
    expect(0 < sum(planned) < 24, f"{sum(planned)} of 24 planned")
    row = report(thrown, "plans")[0]
    expect(row["randomised"] and row["thrown"] == 24, f"what dice chose can be compared: {row}")
    print(f"plan by policy: always, never, auto by outcomes; {sum(planned)} of 24 by dice")


def review_row(number, right):
    """A review that rejected, and what the user said of the change afterwards."""
    gates = [{"name": "tests", "verdict": "pass"}, {"name": "review", "verdict": "fail"}]
    return {"id": f"exp_{number}_bbbbb", "timestamp": 1795000000000 + number, "taskId": f"r{number}",
            "modelUsed": "small", "rung": "small", "success": not right, "cost": 0.2,
            "costSource": "measured", "outcomeSource": "user", "labels": ["security"], "attempts": [
                {"rung": "small", "phase": "execute", "success": not right, "gates": gates},
                {"rung": "large", "phase": "review", "success": None, "cost": 0.13,
                 "gates": gates[1:]}]}


def test_review_policy(rung):
    def fixture_with(share, rights, goal=""):
        fixture = policy_fixture(rung, "", modules=8)
        policy = fixture.top / "rung.yaml"
        policy.write_text(policy.read_text().replace("escalated], rung: large}", "escalated], "
                          "rung: large, mode: auto}") + f"explore: {share}\n{goal}")
        fixture.commit("Reviews where they pay")
        fixture.call("trust", check=0)
        rows = fixture.top.parent / "rows.jsonl"
        rows.write_text("".join(json.dumps(review_row(i, r)) + "\n" for i, r in enumerate(rights)))
        if rights:
            fixture.call("import", str(rows), check=0)
        return fixture

    def review(fixture, i=0):
        got, done = fixture.run_json("Mend", "--body", body(i), "--label", "security", "--rung",
                                     "small", check=0)
        return [a["phase"] for a in got["attempts"]] == ["execute", "review"], got, done.stderr

    made, got, said = review(fixture_with(0, []))
    expect(made and "too few of its rejections" in said, f"in doubt it is made: {said}")
    expect(review(fixture_with(0, [False] * 5 + [True] * 5))[0], "half of them right: it is made")
    made, got, said = review(fixture_with(0, [False] * 11 + [True]))
    expect(not made and "of 12 rejections whose truth is known 1 were right" in said, said)
    expect(got["reviewing"] == "passed-over", got)
    made, _, said = review(fixture_with(0, [True] * 8, "goal: {value_usd: 0.05}\n"))
    expect(not made, f"it costs $0.13, an accepted task is worth $0.05: {said}")
    expect(review(fixture_with(0, [True] * 8, "goal: {value_usd: 5}\n"))[0], "worth it")
    always = policy_fixture(rung, "")
    expect(review(always)[0] and "reviewing" not in always.rows()[0], "always is always")
    explored = fixture_with(0.5, [False] * 11 + [True])
    made = [review(explored, i)[0] for i in range(8)]
    rows = [row for row in explored.rows() if "reviewing" in row]
    expect([row["reviewing"] == "chosen" for row in rows] == made and
           all(row["reviewPropensity"] == 0.5 for row in rows), "what dice said is recorded")
    print(f"reviews by policy: not where they are known to be wrong or too dear; {sum(made)} of 8 "
          "by dice")


def main():
    rung = sys.argv[1]
    for test in (test_audit, test_judges, test_planning_report,
                 test_plan_policy, test_review_policy):
        test(rung)


main()
