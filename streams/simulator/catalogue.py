"""What simulated people ask: kinds of queries, the words they use and the modalities they come in."""

from __future__ import annotations

from dataclasses import dataclass

from signalbox.events import Modality


@dataclass(frozen=True)
class Kind:
    """One kind of query; the second modality is rarer and suits other agents."""

    name: str
    modalities: tuple[Modality, Modality]
    asks: tuple[str, ...]
    things: tuple[str, ...]
    details: tuple[str, ...]


GENERALIST = "generalist"
SPECIALISTS = (
    "document_analyst",
    "invoice_clerk",
    "media_search",
    "meeting_scribe",
    "data_analyst",
    "forecaster",
    "support_desk",
    "office_assistant",
    "researcher",
)
TENANTS = ("harbor", "meadow", "summit", "orchard", "lantern", "quarry", "willow", "beacon")
TENANT_ENTITIES = ("Berlin", "Osaka", "Lima", "Project Heron", "Project Tern", "Delta Works", "Q3", "May")

KINDS: tuple[Kind, ...] = (
    Kind(
        "contracts",
        ("document", "image"),
        ("which clause covers", "find the section on", "does our agreement allow", "compare the wording of"),
        ("early termination", "liability", "the renewal terms", "confidentiality", "the notice period"),
        ("in the supplier contract", "for {entity}", "in the signed version", "before we countersign"),
    ),
    Kind(
        "invoices",
        ("document", "image"),
        ("check the total of", "who approved", "when is payment due for", "find duplicates of"),
        (
            "invoice 4471",
            "the freight bill",
            "May's invoice",
            "the credit note",
            "the travel receipts",
        ),
        ("from {entity}", "against the purchase order", "with the tax included", "before month end"),
    ),
    Kind(
        "clips",
        ("video", "audio"),
        ("show the moment when", "find the scene where", "clip the part in which", "jump to where"),
        (
            "the goal is scored",
            "the speaker laughs",
            "the car turns left",
            "the demo crashes",
            "a dog barks",
        ),
        ("in the {entity} recording", "in the second half", "from the drone footage", "near the end"),
    ),
    Kind(
        "meetings",
        ("audio", "text"),
        (
            "what did we decide about",
            "who promised to handle",
            "list the open points on",
            "recap the call on",
        ),
        ("the hiring plan", "the roadmap", "the budget freeze", "the office move", "the launch date"),
        ("in Monday's meeting", "with {entity}", "during the stand-up", "at the board call"),
    ),
    Kind(
        "figures",
        ("text", "image"),
        ("plot", "what is the average of", "how fast grew", "break down by region"),
        ("revenue", "churn", "daily active users", "conversion", "the support backlog"),
        ("for {entity}", "over the last four quarters", "compared with the forecast", "as a percentage"),
    ),
    Kind(
        "forecasts",
        ("text", "document"),
        ("predict", "estimate next quarter's", "what would change if we doubled", "simulate"),
        ("demand", "cash flow", "staffing needs", "stock levels", "energy use"),
        ("for {entity}", "under the pessimistic scenario", "with seasonality", "until year end"),
    ),
    Kind(
        "problems",
        ("text", "image"),
        ("I can't", "it fails when I", "the app freezes if I", "error shown as I"),
        ("log in with my badge", "export the list", "reset my password", "sync the calendar", "print labels"),
        ("since this morning", "on the {entity} site", "after the update", "on my phone"),
    ),
    Kind(
        "requests",
        ("text", "audio"),
        ("please order", "I need access to", "how do I apply for", "cancel my"),
        ("a second monitor", "the shared drive", "parental leave", "parking permit", "a visitor pass"),
        ("for {entity}", "by next week", "on behalf of my colleague", "as a new starter"),
    ),
    Kind(
        "background",
        ("text", "document"),
        ("explain the history of", "summarise what is known on", "find sources about", "who first described"),
        ("sodium batteries", "tidal power", "the patent dispute", "open standards", "soil carbon"),
        ("with references", "for a talk in {entity}", "in plain words", "since 2015"),
    ),
    Kind(
        "comparisons",
        ("text", "mixed"),
        ("compare", "what speaks for and against", "rank the options for", "which is better suited,"),
        (
            "three cloud vendors",
            "rail and air freight",
            "the two suppliers",
            "leasing options",
            "heat pumps",
        ),
        ("on cost and risk", "for {entity}", "with a short recommendation", "from the published tests"),
    ),
)
