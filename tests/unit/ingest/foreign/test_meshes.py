from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkFiltersCore import vtkMassProperties, vtkTriangleFilter
from vtkmodules.vtkIOGeometry import vtkOBJReader, vtkSTLReader
from vtkmodules.vtkIOPLY import vtkPLYReader

from viewer.ingest.foreign import surfaces
from viewer.ingest.foreign.mesh_facts import unit_words
from viewer.ingest.foreign.meshes import open_mesh
from viewer.ingest.foreign.refusals import PhotoRefused
from viewer.ingest.foreign.surfaces import facts_of, picture_of, unit_of

BALL = trimesh.creation.icosphere(subdivisions=3, radius=30.0)
BALL.apply_translation((5, -7, 11))


def exported(kind: str, **how: object) -> bytes:
    made = BALL.export(file_type=kind, **how)
    return made.encode() if isinstance(made, str) else bytes(made)


def big_endian_ply() -> bytes:
    head = (
        "ply\nformat binary_big_endian 1.0\ncomment made by hand\n"
        f"element vertex {len(BALL.vertices)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\n"
        f"element face {len(BALL.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    points = b"".join(struct.pack(">fff3B", *v, 9, 8, 7) for v in BALL.vertices)
    return head.encode() + points + b"".join(struct.pack(">B3i", 3, *f) for f in BALL.faces)


FILES = {
    "binary.stl": exported("stl"),
    "ascii.stl": exported("stl_ascii"),
    "solid.stl": b"solid, and yet binary".ljust(80) + exported("stl")[80:],
    "little.ply": exported("ply"),
    "ascii.ply": exported("ply", encoding="ascii"),
    "big.ply": big_endian_ply(),
    "plain.obj": exported("obj"),
}
_READERS = {"stl": vtkSTLReader, "ply": vtkPLYReader, "obj": vtkOBJReader}


def by_vtk(path: Path) -> tuple[np.ndarray, float, float]:
    """Return bounds (2, 3), area and volume as VTK's own readers and filters find them."""
    reader = _READERS[path.suffix[1:]]()
    reader.SetFileName(str(path))
    triangles = vtkTriangleFilter()
    triangles.SetInputConnection(reader.GetOutputPort())
    mass = vtkMassProperties()
    mass.SetInputConnection(triangles.GetOutputPort())
    mass.Update()
    points = vtk_to_numpy(triangles.GetOutput().GetPoints().GetData())
    return np.array([points.min(0), points.max(0)]), mass.GetSurfaceArea(), mass.GetVolume()


@pytest.mark.parametrize("name", FILES)
def test_a_surface_is_as_large_as_vtk_and_trimesh_find_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    bounds, area, volume = by_vtk(path)

    surface = open_mesh(FILES[name])
    facts = facts_of(surface)

    assert facts.triangles == len(BALL.faces)
    assert np.allclose(facts.box, bounds[1] - bounds[0], rtol=1e-5)
    assert facts.area == pytest.approx(area, rel=1e-4) == pytest.approx(BALL.area, rel=1e-4)
    assert facts.volume == pytest.approx(volume, rel=1e-3)
    assert facts.volume == pytest.approx(BALL.volume, rel=1e-4)


def test_each_vertex_of_an_obj_and_a_ply_is_where_trimesh_puts_it() -> None:
    for name in ("plain.obj", "little.ply", "big.ply", "ascii.ply"):
        surface = open_mesh(FILES[name])

        theirs = np.asarray(BALL.vertices)[BALL.faces]
        assert np.allclose(surface.vertices[surface.triangles], theirs, atol=1e-4), name


def test_obj_polygons_negative_numbers_and_other_files_that_it_names() -> None:
    content = b"""# a square, a pentagon's worth of corners, and a triangle counted from behind
mtllib ../../secret.mtl
usemtl x
v 0 0 0
v 20 0 0
v 20 20 0
v 0 20 0
vn 0 0 1
f 1/1/1 2/2/1 3/3/1 4/4/1
v 0 0 30
f -1 -5 -4
"""
    surface = open_mesh(content)

    assert surface.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [4, 0, 1]]
    assert facts_of(surface).area == pytest.approx(400 + 300)


@pytest.mark.parametrize(
    ("longest", "unit", "is_certain"),
    [
        (62.0, "millimetres", True),
        (0.06, "metres", True),
        (0.13, "metres", True),
        (60_000.0, "micrometres", True),
        (8.0, "millimetres", False),
        (2.4, "", False),
        (1e-6, "", False),
        (900.0, "", False),
    ],
)
def test_the_unit_is_judged_by_what_a_jaw_measures(
    longest: float, unit: str, is_certain: bool
) -> None:
    found = unit_of(longest)

    assert (found.name, found.is_certain) == (unit, is_certain)


def test_a_jaw_of_six_hundredths_is_in_metres_and_says_so() -> None:
    small = BALL.copy()
    small.apply_scale(0.001)

    words = unit_words(facts_of(open_mesh(bytes(small.export(file_type="stl")))))

    assert words.startswith("The file is in metres: its longest side is 0.06,")
    assert "60 x 60 x 60 mm" in words


def test_real_models_are_judged_rightly(shared_data: Path) -> None:
    folder = shared_data / "dental/meshes"
    expected = {"jaw": "millimetres", "maxilla": "millimetres",
                "upperteeth": "metres", "lowerteeth": "metres"}  # fmt: skip
    found = {}
    for path in folder.rglob("*.obj"):
        facts = facts_of(open_mesh(path.read_bytes()))
        theirs = trimesh.load(path, process=False, force="mesh")
        assert (facts.triangles, facts.box) == (
            len(theirs.faces),
            pytest.approx(tuple(theirs.extents)),
        )
        assert facts.area == pytest.approx(theirs.area)
        found[path.stem] = facts.unit
    assert found == expected


def test_a_drawn_surface_fills_its_picture_without_holes() -> None:
    drawn = picture_of(open_mesh(FILES["plain.obj"]), 200)

    assert drawn.shape == (200, 200, 3)
    down, along = np.mgrid[:200, :200] - 99.5
    inside = np.hypot(down, along) < 85
    assert (drawn[inside].sum(axis=1) > 0).mean() > 0.99
    assert not drawn[np.hypot(down, along) > 96].any()


def test_an_encapsulated_surface_is_the_same_surface() -> None:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.104.3", "1.2.3"
    ds.EncapsulatedDocument = FILES["binary.stl"]
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)

    assert facts_of(open_mesh(buffer.getvalue())) == facts_of(open_mesh(FILES["binary.stl"]))


@pytest.mark.parametrize("seed", range(8))
def test_a_drawn_surface_is_turned_and_never_mirrored(seed: int) -> None:
    corners = np.random.default_rng(seed).normal(size=(40, 3, 3)) * (9, 5, 2)

    seen = surfaces._turned_to_see(corners, 200).reshape(-1, 3) * (1, -1, 1)  # y upwards again

    around = corners.reshape(-1, 3) - corners.reshape(-1, 3).mean(axis=0)
    turn, *_ = np.linalg.lstsq(around, seen - seen.mean(axis=0), rcond=None)
    assert np.linalg.det(turn) > 0


def stl_that_says(count: int) -> bytes:
    return b"\0" * 80 + struct.pack("<I", count) + b"\0" * 50


def ply_that_says(vertices: int, faces: int, body: bytes = b"\0" * 300) -> bytes:
    return (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {vertices}\nproperty float x\n"
        f"property float y\nproperty float z\nelement face {faces}\n"
        "property list uchar int vertex_indices\nend_header\n"
    ).encode() + body


HOSTILE = {
    "stl of four thousand million triangles": stl_that_says(2**32 - 1),
    "ply of a million million vertices": ply_that_says(10**12, 1),
    "ply of a thousand million faces": ply_that_says(3, 10**9),
    "ply whose faces have 255 corners": ply_that_says(3, 2, b"\0" * 36 + b"\xff" * 600),
    "ply whose face names no vertex": ply_that_says(
        3, 1, b"\0" * 36 + struct.pack("<B3i", 3, 0, 1, 9)
    ),
    "ply without places": b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float a\n"
    b"end_header\n1\n",
    "ply without an end": b"ply\nformat ascii 1.0\n" + b"comment x\n" * 9000,
    "obj whose face names no vertex": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n",
    "obj that counts back too far": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 -9\n",
    "obj of no numbers": b"v a b c\nf 1 1 1\n",
    "obj at infinity": b"v 0 0 0\nv inf 0 0\nv 0 1 0\nf 1 2 3\n",
    "obj with a face of 99 corners": b"v 0 0 0\n" * 99 + b"f " + b"1 " * 99,
    "ascii stl with half a triangle": b"solid\nfacet normal 0 0 1\nvertex 0 0 0\nvertex 1 0 0\n",
    "nothing": b"# only words\n",
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_surface_that_lies_is_refused(content: bytes) -> None:
    with pytest.raises(PhotoRefused):
        open_mesh(content)
