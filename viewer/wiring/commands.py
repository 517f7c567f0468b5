"""Commands that open a window or measure: the viewer itself, ``demo`` and ``bench``.

Qt, VTK and the phantom are imported only when their command runs.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import keystore_of, store_folder


def add_demo(commands: Commands) -> None:
    """Describe ``demo``."""
    demo = commands.add_parser("demo", help="the viewer on a throwaway demo practice")
    demo.add_argument(
        "--screenshots", type=Path, metavar="DIR", help="drive through each screen, write PNGs"
    )
    demo.add_argument("--size", default="1920x1080", metavar="WxH", help="size of the window")
    demo.add_argument("--theme", default="dark", choices=["dark", "light", "contrast"])
    demo.add_argument(
        "--until-login", action="store_true", help="end once the login window is painted"
    )
    demo.set_defaults(run=run_demo)


def run_demo(args: Namespace, console: Console) -> int:
    """Make the practice, open the viewer on it, remove it at the end."""
    from viewer.wiring.demo import demo_practice
    from viewer.wiring.window import Opening, open_viewer

    width, _, height = args.size.partition("x")
    opening = Opening(
        theme=args.theme,
        size=(int(width), int(height)),
        screenshots=args.screenshots,
        until_login=args.until_login,
    )
    with demo_practice(console.warn) as practice:
        for user in practice.users:
            console.say(f"{user.display_name:<24} {user.role:<20} {user.password}")
        return open_viewer(practice.folder, practice.keystore, opening, practice.users)


def run_viewer(args: Namespace, console: Console) -> int:
    """Open the viewer on the store."""
    from viewer.wiring.window import Opening, open_viewer

    return open_viewer(store_folder(args), keystore_of(args, console), Opening())


def add_bench(commands: Commands) -> None:
    """Describe ``bench``."""
    bench = commands.add_parser("bench", help="benchmarks, as ratios measured in one run")
    bench.add_argument("name", nargs="?", metavar="NAME", help="only this one")
    bench.add_argument("--small", action="store_true", help="small sizes, for a quick look")
    bench.set_defaults(run=run_bench)


def run_bench(args: Namespace, console: Console) -> int:
    """Measure and print."""
    from viewer.bench.run import run_benchmarks

    return run_benchmarks(args.name, console.out, as_json=args.json, small=args.small)
