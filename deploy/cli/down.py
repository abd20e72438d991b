"""`./sipbun down`: stop the town, and whatever a killed supervisor left behind."""

import typer

from deploy.cli.answer import AsJson, give, say
from deploy.running import state_dir
from deploy.town import bring_down

app = typer.Typer(add_completion=False)


@app.command(help="플랫폼을 끈다 (stop the town). 데이터는 남는다 (its data stays).")
def command(as_json: AsJson = False) -> None:
    """Stop everything; nothing running is fine too."""
    stopped = bring_down(state_dir(), say=say)
    people = "멈췄습니다 (stopped)." if stopped else "켜진 것이 없었습니다 (nothing was running)."
    give({"stopped": stopped}, as_json=as_json, people=people)
