"""What the gallery shows of a script's figures."""

from weakref import WeakSet

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

seen = WeakSet()


def scrape(block, block_vars, gallery_conf):
    """Save every figure that a name of the script holds; pyplot knows only those that it made."""
    paths = []
    for figure in block_vars["example_globals"].values():
        if isinstance(figure, Figure) and figure not in seen:
            seen.add(figure)
            paths.append(next(block_vars["image_path_iterator"]))
            figure.savefig(paths[-1], dpi=200)
    return figure_rst(paths, gallery_conf["src_dir"])
