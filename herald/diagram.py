"""Where each part of the platform stands in its picture, and the arrows between them.

apps ─ reminder-service ─ event topic ─ event queue ─ event-service ─ event store
            │                               │               │
        reminders                     dead letters    notifications
                                                            │
FCM  ─ notification-  ─ notification ─ notification ─ notification-
SES      service          queue          topic         scheduler
            │               │
         devices       dead letters
"""

from herald.architecture import Architecture
from herald.drawing import NAME_SIZE, Box, Drawing, Point

WIDTH, HEIGHT = 1448, 624
CARD_HEIGHT = 64
COLUMNS = (  # left edge and width
    (24, 140),
    (204, 220),
    (464, 220),
    (724, 220),
    (984, 220),
    (1244, 180),
)
ROWS = (92, 228, 364, 500)  # upper edges

PLACES: dict[str, tuple[int, int]] = {  # column and row
    "apps": (0, 0),
    "reminder-service": (1, 0),
    "event-topic": (2, 0),
    "event-queue": (3, 0),
    "event-service": (4, 0),
    "event-store": (5, 0),
    "reminders": (1, 1),
    "event-dead": (3, 1),
    "notifications": (4, 1),
    "notification-scheduler": (4, 2),
    "notification-topic": (3, 2),
    "notification-queue": (2, 2),
    "notification-service": (1, 2),
    "fcm": (0, 2),
    "ses": (0, 3),
    "devices": (1, 3),
    "notification-dead": (2, 3),
    "alarms": (5, 3),
}
COLORS = {
    **dict.fromkeys(("service", "function"), "compute"),
    **dict.fromkeys(("topic", "queue", "alarm"), "message"),
    **dict.fromkeys(("database", "table"), "store"),
    **dict.fromkeys(("apps", "push", "mail"), "outside"),
    "dead_letters": "dead",
}
RIGHT = ((1, 0.5), (0, 0.5))
LEFT = ((0, 0.5), (1, 0.5))
DOWN = ((0.5, 1), (0.5, 0))
NEIGHBOURS = (  # from, to, where the arrow leaves and arrives
    ("apps", "reminder-service", RIGHT),
    ("reminder-service", "event-topic", RIGHT),
    ("reminder-service", "reminders", DOWN),
    ("event-topic", "event-queue", RIGHT),
    ("event-queue", "event-service", RIGHT),
    ("event-queue", "event-dead", DOWN),
    ("event-service", "event-store", RIGHT),
    ("event-service", "notifications", DOWN),
    ("notifications", "notification-scheduler", DOWN),
    ("notification-scheduler", "notification-topic", LEFT),
    ("notification-topic", "notification-queue", LEFT),
    ("notification-queue", "notification-service", LEFT),
    ("notification-queue", "notification-dead", DOWN),
    ("notification-service", "devices", DOWN),
    ("notification-service", "fcm", LEFT),
)


def box(place: str) -> Box:
    column, row = PLACES[place]
    left, width = COLUMNS[column]
    return Box(left, ROWS[row], width, CARD_HEIGHT)


def draw(platform: Architecture) -> str:
    return drawing(platform).svg()


def drawing(platform: Architecture) -> Drawing:
    """What the stack lacks is not drawn, nor are the arrows to it."""
    picture = Drawing(WIDTH, HEIGHT, f"Herald's stack {platform.stack}: services, topics, queues")
    picture.text((24, 36), f"Herald, stack {platform.stack}", "name", size=NAME_SIZE)
    for start, end, (leaves, arrives) in NEIGHBOURS:
        if {start, end} <= platform.parts.keys():
            picture.arrow(box(start).at(*leaves), box(end).at(*arrives))
    for needed, detour in DETOURS:
        if needed <= platform.parts.keys():
            detour(picture)
    for place, part in platform.parts.items():
        picture.card(box(place), part.kind, COLORS[part.kind], part.name, part.detail)
    return picture


def created(picture: Drawing) -> None:
    """event-service tells of the notifications that it keeps, over the top row."""
    start, end = box("event-service").at(0.5, 0), box("event-topic").at(0.5, 0)
    above = start[1] - 28
    picture.arrow(start, (start[0], above), (end[0], above), end)
    picture.label(middle(start, end, above), "notification:created, updated, deleted", "middle")


def delivered(picture: Drawing) -> None:
    """notification-service tells how each delivery ended."""
    start, end = box("notification-service").at(0.8, 0), box("event-topic").at(0.5, 1)
    above = start[1] - 36
    picture.arrow(start, (start[0], above), (end[0], above), end)
    picture.label((end[0] + 10, end[1] + 76), "notification:")
    picture.label((end[0] + 10, end[1] + 94), "delivered, failed")


def announced(picture: Drawing) -> None:
    """event-service remembers what the scheduler announced."""
    start, end = box("notification-topic").at(0.9, 0), box("event-queue").at(1, 0.8)
    above, beside = start[1] - 36, end[0] + 20
    picture.arrow(start, (start[0], above), (beside, above), (beside, end[1]), end)
    picture.label((start[0] - 10, start[1] - 24), "notification:send", "end")


def registered(picture: Drawing) -> None:
    """Apps name the devices that pushes go to."""
    start, end = box("apps").at(0.5, 1), box("notification-service").at(0.2, 0)
    above = end[1] - 36
    picture.arrow(start, (start[0], above), (end[0], above), end)
    picture.label((start[0] + 10, start[1] + 85), "devices")


def mailed(picture: Drawing) -> None:
    start, end = box("notification-service").at(0, 0.75), box("ses").at(1, 0.5)
    across = (start[0] + end[0]) / 2
    picture.arrow(start, (across, start[1]), (across, end[1]), end)


def bounced(picture: Drawing) -> None:
    """SES publishes bounces and complaints where due notifications go, too."""
    start, end = box("ses").at(0.5, 1), box("notification-topic").at(0.5, 1)
    below = start[1] + 24
    picture.arrow(start, (start[0], below), (end[0], below), end, aside=True)
    picture.label(middle(start, end, below), "bounces and complaints", "middle")


def claimed(picture: Drawing) -> None:
    place = box("notifications").at(0.5, 1)
    picture.label((place[0] + 10, place[1] + 41), "claimed when due, never early")


def row_and_event(picture: Drawing) -> None:
    place = box("reminder-service").at(0.5, 1)
    picture.label((place[0] + 10, place[1] + 41), "row and event, one commit")


def watched(picture: Drawing) -> None:
    end = box("alarms").at(0, 0.5)
    start = (end[0] - 60, end[1])
    picture.arrow(start, end, aside=True)
    for line, text in enumerate(("dead letters, late messages,", "failed publishes")):
        picture.label((start[0] - 10, start[1] - 5 + 18 * line), text, "end")


DETOURS = (
    ({"event-service", "event-topic"}, created),
    ({"notification-service", "event-topic"}, delivered),
    ({"notification-topic", "event-queue"}, announced),
    ({"notification-service", "apps"}, registered),
    ({"notification-service", "ses"}, mailed),
    ({"ses", "notification-topic"}, bounced),
    ({"notifications", "notification-scheduler"}, claimed),
    ({"reminder-service", "reminders"}, row_and_event),
    ({"alarms"}, watched),
)


def middle(start: Point, end: Point, height: float) -> Point:
    return ((start[0] + end[0]) / 2, height + 4)
