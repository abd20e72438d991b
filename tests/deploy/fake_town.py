"""Process tables for the supervisor's tests; SIPBUN_PROCESSES names one of them."""

from deploy.processes import GATEWAY, MAIL_SINK, PYTHON, Spec, Step, Table

FAKE = (PYTHON, "-m", "tests.deploy.fake_process")


def small_town() -> Table:
    """Two processes, the second of them a gateway, after a step that succeeds."""
    return Table(
        steps=(Step("topology", (PYTHON, "-c", "print('declared')")),),
        processes=(Spec("placement", FAKE), Spec(GATEWAY, FAKE, door="SIPBUN_HTTP_PORT")),
    )


def town_without_topology() -> Table:
    """The step before the processes fails."""
    return Table(
        steps=(Step("topology", (PYTHON, "-c", "raise SystemExit('은하수 작은도서관 queue refused')")),),
        processes=(Spec("placement", FAKE),),
    )


def town_with_mail() -> Table:
    """A sink for mail, and a gateway."""
    return Table(
        steps=(),
        processes=(
            Spec(MAIL_SINK, (PYTHON, "-m", "deploy.mailsink"), ready="tcp", door="SIPBUN_SMTP_PORT"),
            Spec(GATEWAY, FAKE, door="SIPBUN_HTTP_PORT"),
        ),
    )


def deaf_town() -> Table:
    """One process does not hear SIGTERM."""
    return Table(steps=(), processes=(Spec("placement", (*FAKE, "--deaf")), Spec(GATEWAY, FAKE, door="SIPBUN_HTTP_PORT")))
