"""Makes images.zip: small files of every image format, and what Pillow 12 reads of them.

make_images.py OUT.zip. expected.tsv in it has a line a file: name, then height, width and the SHA-256 of the pixels of
ImageOps.exif_transpose(Image.open(file)).convert("RGB"), or "refused". Written with Pillow 12.3.0.
"""

import hashlib
import os
import struct
import sys
import tempfile
import warnings
import zipfile
import zlib


import numpy as np
from PIL import Image, ImageCms, ImageOps

D = tempfile.mkdtemp() + "/"
rng = np.random.default_rng(0)


def photo(h, w, c=3):
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([127 + 100 * np.sin(x / 7 + y / 11 + k) + rng.normal(0, 12, (h, w)) for k in range(c)], -1)
    a = np.clip(a, 0, 255).astype(np.uint8)
    return a if c > 1 else a[..., 0]


P = Image.fromarray(photo(29, 41))
G = Image.fromarray(photo(29, 41, 1))
A = Image.fromarray(photo(29, 41, 4), "RGBA")
LA = A.convert("LA")
C = Image.frombytes("CMYK", (41, 29), photo(29, 41, 4).tobytes())
ONE = G.convert("1")
PAL = P.quantize(200)
PAL4 = P.quantize(13)
PAL2 = P.quantize(4)
PAL1 = P.quantize(2)


def save(name, im, **k):
    im.save(D + name, **k)


# PNG
save("png_rgb.png", P)
save("png_l.png", G)
save("png_rgba.png", A)
save("png_la.png", LA)
save("png_1.png", ONE)
for n, q in (("p8", PAL), ("p4", PAL4), ("p2", PAL2), ("p1", PAL1)):
    save(f"png_{n}.png", q)
    save(f"png_{n}_trns.png", q, transparency=1)
    save(f"png_{n}_trnsb.png", q, transparency=bytes([10, 200, 30][: min(3, 2 if n == "p1" else 3)]))
save("png_rgb_trns.png", P, transparency=P.getpixel((3, 3)))
save("png_l_trns.png", G, transparency=G.getpixel((3, 3)))
I16 = Image.fromarray(rng.integers(0, 65536, (29, 41)).astype(np.uint16))
save("png_i16.png", I16)
save("png_1_trns.png", ONE, transparency=0)


def chunk(t, d):
    return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))


def png(w, h, depth, ct, rows, extra=b"", interlace=0):
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, ct, 0, 0, interlace))
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def raw(h, wbytes):
    return b"".join(b"\0" + bytes(r) for r in rng.integers(0, 256, (h, wbytes)).astype(np.uint8).tolist())


def wr(n, b):
    open(D + n, "wb").write(b)


for ct, ch, name in ((2, 3, "rgb"), (6, 4, "rgba"), (4, 2, "la"), (0, 1, "l")):
    wr(f"png_{name}16.png", png(20, 13, 16, ct, raw(13, 20 * ch * 2)))
for d in (1, 2, 4):
    wr(f"png_gray{d}.png", png(21, 13, d, 0, raw(13, (21 * d + 7) // 8)))
for d in (1, 2, 4):
    wr(f"png_gray{d}_trns.png", png(21, 13, d, 0, raw(13, (21 * d + 7) // 8), chunk(b"tRNS", struct.pack(">H", 1))))
wr("png_rgb16_trns.png", png(20, 13, 16, 2, raw(13, 20 * 6), chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))))
wr("png_l16_trns.png", png(20, 13, 16, 0, raw(13, 20 * 2), chunk(b"tRNS", struct.pack(">H", 1))))
wr("png_p_short.png", png(20, 13, 8, 3, raw(13, 20), chunk(b"PLTE", bytes(range(3 * 50)))))
wr("png_gama.png", png(20, 13, 8, 2, raw(13, 60), chunk(b"gAMA", struct.pack(">I", 45455))))
wr(
    "png_gama1.png",
    png(
        20,
        13,
        8,
        2,
        raw(13, 60),
        chunk(b"gAMA", struct.pack(">I", 100000))
        + chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)),
    ),
)
wr("png_gray_gama1.png", png(20, 13, 8, 0, raw(13, 20), chunk(b"gAMA", struct.pack(">I", 100000))))
wr("png_sbit.png", png(20, 13, 8, 2, raw(13, 60), chunk(b"sBIT", bytes([5, 6, 5]))))
wr("png_bkgd.png", png(20, 13, 8, 6, raw(13, 80), chunk(b"bKGD", struct.pack(">HHH", 255, 0, 0))))


def adam7(w, h, depth, ct, ch):
    out = b""
    for x0, y0, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        pw = -(-(w - x0) // dx) if w > x0 else 0
        ph = -(-(h - y0) // dy) if h > y0 else 0
        if pw and ph:
            out += raw(ph, (pw * depth * ch + 7) // 8)
    return png(w, h, depth, ct, out, interlace=1)


wr("png_interlaced_rgb.png", adam7(37, 29, 8, 2, 3))
wr("png_interlaced_l1.png", adam7(37, 29, 1, 0, 1))
wr("png_interlaced_rgba16.png", adam7(37, 29, 16, 6, 4))
wr("png_interlaced_tiny.png", adam7(1, 1, 8, 2, 3))


# with ICC
def icc(mat=None, gamma=1.0):
    # build from sRGB profile via ImageCms, other kinds below
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


srgb = icc()


def matrix_icc(r, g, b, gamma, space=b"RGB "):
    tags = []

    def xyz(v):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", int(round(x * 65536))) for x in v)

    def curv():
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, int(gamma * 256)) + b"\0\0"

    desc = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * (4 + 4 + 2 + 1 + 67)
    desc += b"\0" * (-len(desc) % 4)
    data = [(b"desc", desc), (b"cprt", b"text\0\0\0\0none\0\0\0\0"), (b"wtpt", xyz((0.9642, 1, 0.8249)))]
    if space == b"RGB ":
        data += [
            (b"rXYZ", xyz(r)),
            (b"gXYZ", xyz(g)),
            (b"bXYZ", xyz(b)),
            (b"rTRC", curv()),
            (b"gTRC", curv()),
            (b"bTRC", curv()),
        ]
    else:
        data += [(b"kTRC", curv())]
    off = 128 + 4 + 12 * len(data)
    table = struct.pack(">I", len(data))
    body = b""
    for t, d in data:
        table += t + struct.pack(">II", off + len(body), len(d))
        body += d
    size = off + len(body)
    head = (
        struct.pack(">I", size)
        + b"none"
        + struct.pack(">I", 0x02400000)
        + b"mntr"
        + space
        + b"XYZ "
        + b"\0" * 12
        + b"acsp"
        + b"\0" * 4
        + b"\0" * 4
        + b"\0" * 16
        + b"\0" * 4
        + struct.pack(">iii", 63190, 65536, 54061)
        + b"\0" * 48
    )
    assert len(head) == 128, len(head)
    return head + table + body


adobe = matrix_icc((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457), 2.2)
p3 = matrix_icc((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407), 2.2)
lin = matrix_icc((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141), 1.0)
gray = matrix_icc(0, 0, 0, 2.2, b"GRAY")
cmyk = adobe[:16] + b"CMYK" + adobe[20:]
for n, p in (
    ("srgb", srgb),
    ("adobe", adobe),
    ("p3", p3),
    ("linear", lin),
    ("gray", gray),
    ("cmyk", cmyk),
    ("broken", b"broken profile"),
    ("long", adobe * 200),
):
    save(f"jpg_icc_{n}.jpg", P, icc_profile=p)
    save(f"jpg_gray_icc_{n}.jpg", G, icc_profile=p)
    save(f"png_icc_{n}.png", P, icc_profile=p)
    save(f"png_gray_icc_{n}.png", G, icc_profile=p)
    save(f"webp_icc_{n}.webp", P, icc_profile=p)
    save(f"tif_icc_{n}.tif", P, icc_profile=p)
    save(f"jpg_cmyk_icc_{n}.jpg", C, icc_profile=p)
# JPEG
for q in (30, 75, 95, 100):
    for ss in (0, 1, 2):
        save(f"jpg_q{q}_s{ss}.jpg", P, quality=q, subsampling=ss)
        save(f"jpg_q{q}_s{ss}_prog.jpg", P, quality=q, subsampling=ss, progressive=True)
save("jpg_411.jpg", P, subsampling="4:1:1")
save("jpg_gray.jpg", G)
save("jpg_gray_prog.jpg", G, progressive=True)
for w in range(1, 20, 3):
    for h in (1, 2, 5, 16, 17):
        save(f"jpg_odd_{w}x{h}.jpg", P.crop((0, 0, w, h)), subsampling=2)
        save(f"jpg_odd1_{w}x{h}.jpg", P.crop((0, 0, w, h)), subsampling=1)
save("jpg_restart.jpg", P, restart_marker_blocks=1)
save("jpg_restartr.jpg", P, restart_marker_rows=1)
for q in (50, 90):
    save(f"jpg_cmyk_{q}.jpg", C, quality=q)
    save(f"jpg_cmyk_prog_{q}.jpg", C, quality=q, progressive=True)
    save(f"jpg_cmyk_s2_{q}.jpg", C, quality=q, subsampling=2)


def seg(m, d):
    return b"\xff" + bytes([m]) + struct.pack(">H", len(d) + 2) + d


def strip(b, marker):
    out = b[:2]
    i = 2
    while True:
        m = b[i + 1]
        if m == 0xDA:
            return out + b[i:]
        l = struct.unpack(">H", b[i + 2 : i + 4])[0]
        if m != marker:
            out += b[i : i + 2 + l]
        i += 2 + l


def rd(n):
    return open(D + n, "rb").read()


def adobeseg(t):
    return seg(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, t))


for src in ("jpg_cmyk_90", "jpg_cmyk_s2_90", "jpg_cmyk_prog_90"):
    b = rd(src + ".jpg")
    s = strip(b, 0xEE)
    wr(src + "_noadobe.jpg", s)
    for t in (0, 1, 2):
        wr(src + f"_adobe{t}.jpg", s[:2] + adobeseg(t) + s[2:])
b = rd("jpg_q90_s0.jpg") if os.path.exists(D + "jpg_q90_s0.jpg") else rd("jpg_q95_s0.jpg")
for t in (0, 1, 2):
    wr(f"jpg_rgb_adobe{t}.jpg", b[:2] + adobeseg(t) + b[2:])
    wr(f"jpg_rgb_nojfif_adobe{t}.jpg", (lambda s: s[:2] + adobeseg(t) + s[2:])(strip(b, 0xE0)))
wr("jpg_nojfif.jpg", strip(b, 0xE0))
# component ids RGB
try:
    save("jpg_keeprgb.jpg", P, keep_rgb=True)
except Exception as e:
    print("keep_rgb", e)
wr("jpg_trail.jpg", b + b"garbage" * 100)
wr("jpg_trail2.jpg", b + b"\0" * 10)
wr("jpg_noeoi.jpg", b[:-2])
wr("jpg_mpoish.jpg", b + rd("jpg_gray.jpg"))
for cut in (0.03, 0.3, 0.6, 0.9, 0.98):
    wr(f"jpg_cut{cut}.jpg", b[: int(len(b) * cut)])
pb = rd("jpg_q75_s2_prog.jpg")
wr("jpg_prog_noeoi.jpg", pb[:-2])
for cut in (0.3, 0.6, 0.9, 0.98):
    wr(f"jpg_prog_cut{cut}.jpg", pb[: int(len(pb) * cut)])
i = b.index(b"\xff\xda") + 200
wr("jpg_corrupt.jpg", b[:i] + bytes([b[i] ^ 0x55, b[i + 1] ^ 0x33]) + b[i + 2 :])
wr("jpg_zeroed.jpg", b[:i] + b"\0" * 500 + b[i + 500 :])
wr("jpg_rstlost.jpg", (lambda r: (lambda k: r[:k] + r[k + 2 :])(r.index(b"\xff\xd1")))(rd("jpg_restart.jpg")))
wr("jpg_fill.jpg", b[:2] + b"\xff\xff\xff" + b[2:])
wr("jpg_junk_before_marker.jpg", b[:20] + b"\x11\x22" + b[20:])
save("mpo.mpo", P, format="MPO", save_all=True, append_images=[G.convert("RGB")])
save("mpo2.jpg", P, format="MPO", save_all=True, append_images=[P.rotate(90)])
for n in ("a.jfif", "a.jpe", "a.jif"):
    wr(n, b)
# BMP
for n, im in (("rgb", P), ("l", G), ("1", ONE), ("p", PAL), ("p4", PAL4)):
    save(f"bmp_{n}.bmp", im)
save("bmp_rgba.bmp", A)


def bmp(w, h, bpp, comp, masks, rowdata, hdr=40, topdown=False, pal=b""):
    info = struct.pack(
        "<IiiHHIIiiII", hdr, w, -h if topdown else h, 1, bpp, comp, len(rowdata), 2835, 2835, len(pal) // 4, 0
    )
    m = b"".join(struct.pack("<I", x) for x in masks)
    if hdr > 40:
        info += m.ljust(hdr - 40, b"\0")
        m = b""
    off = 14 + len(info) + len(m) + len(pal)
    return b"BM" + struct.pack("<IHHI", off + len(rowdata), 0, 0, off) + info + m + pal + rowdata


rb = lambda n: rng.integers(0, 256, n).astype(np.uint8).tobytes()
wr("bmp_555.bmp", bmp(20, 13, 16, 0, (), rb(40 * 13)))
wr("bmp_565.bmp", bmp(20, 13, 16, 3, (0xF800, 0x7E0, 0x1F), rb(40 * 13)))
wr("bmp_32.bmp", bmp(20, 13, 32, 0, (), rb(80 * 13)))
wr("bmp_topdown.bmp", bmp(20, 13, 24, 0, (), rb(60 * 13), topdown=True))
wr("bmp_32_v4.bmp", bmp(20, 13, 32, 3, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), rb(80 * 13), hdr=108))
wr("bmp_32_v5x.bmp", bmp(20, 13, 32, 3, (0xFF000000, 0xFF0000, 0xFF00, 0xFF), rb(80 * 13), hdr=124))
wr("bmp_p4.bmp", bmp(21, 13, 4, 0, (), rb(12 * 13), pal=rb(64)))
wr("bmp_p1.bmp", bmp(21, 13, 1, 0, (), rb(4 * 13), pal=rb(8)))
wr("bmp_p8.bmp", bmp(21, 13, 8, 0, (), rb(24 * 13), pal=rb(1024)))
wr("bmp_p1bw.bmp", bmp(21, 13, 1, 0, (), rb(4 * 13), pal=b"\xff\xff\xff\0\0\0\0\0"))
wr("bmp_p8short.bmp", bmp(21, 13, 8, 0, (), (np.frombuffer(rb(24 * 13), np.uint8) % 100).tobytes(), pal=rb(400)))
rle = b"".join(bytes([10, k % 7, 0, 5, 1, 2, 3, 4, 5, 0, 6, k % 5, 0, 0]) for k in range(13)) + b"\0\1"
wr("bmp_rle8.bmp", bmp(21, 13, 8, 1, (), rle, pal=rb(1024)))
rle4 = b"".join(bytes([21, (k * 17) % 256, 0, 0]) for k in range(13)) + b"\0\1"
wr("bmp_rle4.bmp", bmp(21, 13, 4, 2, (), rle4, pal=rb(64)))


# os2 header
def os2(w, h, bpp, data, pal):
    off = 14 + 12 + len(pal)
    return (
        b"BM" + struct.pack("<IHHI", off + len(data), 0, 0, off) + struct.pack("<IHHHH", 12, w, h, 1, bpp) + pal + data
    )


wr("bmp_os2.bmp", os2(21, 13, 8, rb(24 * 13), rb(768)))
# GIF
save("gif_l.gif", G)
save("gif_p.gif", PAL)
save("gif_1.gif", ONE)
save("gif_p_trns.gif", PAL, transparency=3)
save("gif_il.gif", PAL, interlace=1)
save("gif_nil.gif", PAL, interlace=0)
save("gif_rgb.gif", P)
save("gif_anim.gif", PAL, save_all=True, append_images=[P.rotate(90).quantize(100)], duration=100)
save("gif_anim_t.gif", PAL4, save_all=True, append_images=[PAL2], transparency=0, disposal=2, duration=50)


def lzw(data, mincode):
    # uncompressed style with clear codes
    clear = 1 << mincode
    bits = 0
    n = 0
    out = bytearray()
    size = mincode + 1

    def emit(c):
        nonlocal bits, n
        bits |= c << n
        n += size
        while n >= 8:
            out.append(bits & 255)
            bits >>= 8
            n -= 8

    cnt = 0
    for i, px in enumerate(data):
        if cnt % ((1 << mincode) - 3 if mincode > 2 else 1) == 0:
            emit(clear)
        cnt += 1
        emit(px)
    emit(clear + 1)
    if n:
        out.append(bits & 255)
    r = bytes([mincode])
    for i in range(0, len(out), 255):
        c = out[i : i + 255]
        r += bytes([len(c)]) + bytes(c)
    return r + b"\0"


def gif(sw, sh, bg, gct, frames):
    g = len(gct) // 3
    bitsz = max(1, (g - 1).bit_length()) if g else 0
    o = b"GIF89a" + struct.pack("<HHBBB", sw, sh, (0x80 | (bitsz - 1) | 0x70) if g else 0x70, bg, 0) + gct
    for f in frames:
        if "t" in f or "d" in f:
            o += (
                b"\x21\xf9\x04"
                + struct.pack("<BHB", (f.get("d", 0) << 2) | (1 if "t" in f else 0), 10, f.get("t", 0))
                + b"\0"
            )
        lct = f.get("lct", b"")
        fl = (0x80 | (((len(lct) // 3) - 1).bit_length() - 1)) if lct else 0
        if f.get("il"):
            fl |= 0x40
        o += b"," + struct.pack("<HHHHB", f["x"], f["y"], f["w"], f["h"], fl) + lct + lzw(f["px"], f.get("mc", 4))
    return o + b";"


pal16 = rb(48)
px = lambda n, m=16: (rng.integers(0, m, n)).tolist()
wr("gif_small.gif", gif(40, 30, 5, pal16, [dict(x=7, y=3, w=20, h=11, px=px(220))]))
wr("gif_small_t.gif", gif(40, 30, 5, pal16, [dict(x=7, y=3, w=20, h=11, px=px(220), t=2)]))
wr("gif_small_tbg.gif", gif(40, 30, 5, pal16, [dict(x=7, y=3, w=20, h=11, px=px(220), t=5)]))
wr("gif_full_t.gif", gif(20, 11, 5, pal16, [dict(x=0, y=0, w=20, h=11, px=px(220), t=2)]))
wr("gif_small_lct.gif", gif(40, 30, 5, pal16, [dict(x=7, y=3, w=20, h=11, px=px(220), lct=rb(48))]))
wr("gif_small_lct_t.gif", gif(40, 30, 5, pal16, [dict(x=7, y=3, w=20, h=11, px=px(220), lct=rb(48), t=1)]))
wr("gif_lctonly_small.gif", gif(40, 30, 5, b"", [dict(x=7, y=3, w=20, h=11, px=px(220), lct=rb(48))]))
wr("gif_lctonly_small_bg0.gif", gif(40, 30, 0, b"", [dict(x=7, y=3, w=20, h=11, px=px(220), lct=rb(48))]))
wr("gif_over.gif", gif(15, 10, 1, pal16, [dict(x=7, y=3, w=20, h=11, px=px(220))]))
wr("gif_over0.gif", gif(15, 10, 1, pal16, [dict(x=0, y=0, w=20, h=11, px=px(220))]))
wr("gif_il_small.gif", gif(40, 30, 5, pal16, [dict(x=7, y=3, w=20, h=13, px=px(260), il=1)]))
wr(
    "gif_two_small.gif",
    gif(40, 30, 5, pal16, [dict(x=7, y=3, w=20, h=11, px=px(220), d=2), dict(x=0, y=0, w=40, h=30, px=px(1200))]),
)
wr("gif_nopal.gif", gif(20, 11, 0, b"", [dict(x=0, y=0, w=20, h=11, px=px(220))]))
wr(
    "gif_graypal.gif",
    gif(40, 30, 5, bytes(v for i in range(16) for v in (i * 16,) * 3), [dict(x=7, y=3, w=20, h=11, px=px(220))]),
)
wr("gif_4col.gif", gif(20, 11, 0, rb(12), [dict(x=0, y=0, w=20, h=11, px=px(220, 4), mc=2)]))
wr("gif_bgout.gif", gif(40, 30, 77, pal16, [dict(x=7, y=3, w=20, h=11, px=px(220))]))
wr("gif_pxout.gif", gif(20, 11, 0, rb(12), [dict(x=0, y=0, w=20, h=11, px=px(220, 16), mc=4)]))
gb = rd("gif_rgb.gif")
wr("gif_trail.gif", gb + b"xxxx")
wr("gif_notrailer.gif", gb[:-1])
for cut in (0.03, 0.3, 0.6, 0.9):
    wr(f"gif_cut{cut}.gif", gb[: int(len(gb) * cut)])
# WebP
save("webp_lossy.webp", P)
save("webp_lossy90.webp", P, quality=90, method=6)
save("webp_ll.webp", P, lossless=True)
save("webp_a.webp", A)
save("webp_all.webp", A, lossless=True, exact=True)
save("webp_all_ne.webp", A, lossless=True)
save("webp_gray.webp", G)
save("webp_anim.webp", P, save_all=True, append_images=[P.rotate(90)])
save("webp_anim_a.webp", A, save_all=True, append_images=[A.rotate(90)], lossless=True)
save("webp_odd.webp", P.crop((0, 0, 17, 5)))
wb = rd("webp_lossy.webp")
for cut in (0.03, 0.3, 0.6, 0.9):
    wr(f"webp_cut{cut}.webp", wb[: int(len(wb) * cut)])
# TIFF
for comp in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "tiff_deflate"):
    for n, im in (("rgb", P), ("l", G), ("rgba", A), ("la", LA), ("p", PAL), ("cmyk", C), ("1", ONE), ("i16", I16)):
        save(f"tif_{n}_{comp}.tif", im, compression=comp)
save("tif_jpeg.tif", P, compression="jpeg")
save("tif_jpeg_l.tif", G, compression="jpeg")
save("tif_g4.tif", ONE, compression="group4")
save("tif_g3.tif", ONE, compression="group3")
save("tif_multi.tif", P, save_all=True, append_images=[G.convert("RGB")])
save("tif_f.tif", Image.fromarray((rng.random((31, 27)) * 255).astype(np.float32)))
save("tif_i.tif", Image.fromarray(rng.integers(0, 300, (31, 27)).astype(np.int32)))
for n, k in (("pred", dict(compression="tiff_lzw", tiffinfo={317: 2})), ("strip", dict(tiffinfo={278: 7}))):
    try:
        save(f"tif_{n}.tif", P, **k)
    except Exception as e:
        print(n, e)
for o in range(1, 9):
    save(f"tif_or{o}.tif", P, tiffinfo={274: o})
    save(f"tif_or{o}_lzw.tif", P, compression="tiff_lzw", tiffinfo={274: o})
tb = rd("tif_rgb_tiff_lzw.tif")
tn = rd("tif_rgb_None.tif")
for cut in (0.3, 0.6, 0.9):
    wr(f"tif_cut{cut}.tif", tb[: int(len(tb) * cut)])
    wr(f"tif_plaincut{cut}.tif", tn[: int(len(tn) * cut)])


def tiff(tags, data, end="<", big=False):
    # tags: dict id->(type,values); strip offset auto 273 / 324
    size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}
    fmt = {1: "B", 3: "H", 4: "I"}
    n = len(tags)
    ifd = 8 + len(data)
    ifd += ifd % 2
    out = (b"II*\0" if end == "<" else b"MM\0*") + struct.pack(end + "I", ifd) + data
    out = out.ljust(ifd, b"\0")
    ext = b""
    extoff = ifd + 2 + 12 * n + 4
    body = b""
    for t in sorted(tags):
        ty, v = tags[t]
        d = b"".join(struct.pack(end + fmt[ty], x) for x in v)
        if len(d) <= 4:
            f = d.ljust(4, b"\0")
        else:
            f = struct.pack(end + "I", extoff + len(ext))
            ext += d + b"\0" * (len(d) % 2)
        body += struct.pack(end + "HHI", t, ty, len(v)) + f
    return out + struct.pack(end + "H", n) + body + struct.pack(end + "I", 0) + ext


W, H = 37, 29


def base(bits, spp, photo, **k):
    return {256: (4, [W]), 257: (4, [H]), 258: (3, [bits] * spp), 259: (3, [1]), 262: (3, [photo]), 277: (3, [spp])}


for end in "<>":
    e = "le" if end == "<" else "be"
    d = rb(W * H * 3)
    wr(f"tif_h_rgb_{e}.tif", tiff({**base(8, 3, 2), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d, end))
    d = rb(W * H * 6)
    wr(f"tif_h_rgb16_{e}.tif", tiff({**base(16, 3, 2), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d, end))
    d = rb(W * H * 2)
    wr(f"tif_h_l16_{e}.tif", tiff({**base(16, 1, 1), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d, end))
    d = rb(W * H * 8)
    wr(
        f"tif_h_rgba16_{e}.tif",
        tiff({**base(16, 4, 2), 338: (3, [2]), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d, end),
    )
d = rb(W * H * 2)
wr("tif_h_w0_16.tif", tiff({**base(16, 1, 0), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d))
d = rb(W * H)
wr("tif_h_w0_8.tif", tiff({**base(8, 1, 0), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d))
for bits in (1, 2, 4):
    for ph in (0, 1):
        d = rb((W * bits + 7) // 8 * H)
        wr(f"tif_h_g{bits}_{ph}.tif", tiff({**base(bits, 1, ph), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d))
for bits in (1, 2, 4, 8):
    d = rb((W * bits + 7) // 8 * H)
    wr(
        f"tif_h_p{bits}.tif",
        tiff(
            {
                **base(bits, 1, 3),
                320: (3, rng.integers(0, 65536, 3 * (1 << bits)).tolist()),
                273: (4, [8]),
                278: (4, [H]),
                279: (4, [len(d)]),
            },
            d,
        ),
    )
d = rb(W * H * 3)
wr(
    "tif_h_planar.tif",
    tiff(
        {**base(8, 3, 2), 284: (3, [2]), 273: (4, [8, 8 + W * H, 8 + 2 * W * H]), 278: (4, [H]), 279: (4, [W * H] * 3)},
        d,
    ),
)
d = rb(W * H * 4)
wr("tif_h_rgbx.tif", tiff({**base(8, 4, 2), 338: (3, [0]), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d))
wr("tif_h_rgba_assoc.tif", tiff({**base(8, 4, 2), 338: (3, [1]), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d))
wr(
    "tif_h_rgba_unassoc.tif",
    tiff({**base(8, 4, 2), 338: (3, [2]), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d),
)
wr("tif_h_rgba_noextra.tif", tiff({**base(8, 4, 2), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d))
wr("tif_h_cmyk.tif", tiff({**base(8, 4, 5), 332: (3, [1]), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d))
d = rb(W * H * 8)
wr("tif_h_cmyk16.tif", tiff({**base(16, 4, 5), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(d)])}, d))
d = rb(48 * 32 * 3)
wr(
    "tif_h_tiled.tif",
    tiff(
        {
            **base(8, 3, 2),
            322: (4, [16]),
            323: (4, [16]),
            324: (4, [8 + 768 * i for i in range(6)]),
            325: (4, [768] * 6),
        },
        d,
    ),
)
dz = [zlib.compress(rb(768)) for _ in range(6)]
offs = [8 + sum(map(len, dz[:i])) for i in range(6)]
t = base(8, 3, 2)
t[259] = (3, [8])
wr(
    "tif_h_tiled_z.tif",
    tiff({**t, 322: (4, [16]), 323: (4, [16]), 324: (4, offs), 325: (4, [len(x) for x in dz])}, b"".join(dz)),
)
d = rb(W * H * 3)
t = base(8, 3, 2)
t[259] = (3, [8])
z = zlib.compress(d)
wr("tif_h_pred_z.tif", tiff({**t, 317: (3, [2]), 273: (4, [8]), 278: (4, [H]), 279: (4, [len(z)])}, z))
save("big.tif", P, big_tiff=True)
# PNM
save("pnm_rgb.ppm", P)
save("pnm_l.pgm", G)
save("pnm_1.pbm", ONE)
wr("pnm_p3.ppm", b"P3\n# comment\n4 3\n255\n" + b" ".join(b"%d" % v for v in range(0, 36 * 7, 7)) + b"\n")
wr("pnm_p2.pgm", b"P2 5 2 15\n0 1 2 3 4 5 6 7 8 15\n")
wr("pnm_p1.pbm", b"P1\n5 2\n1 0 1 0 1\n0 1 1 1 0\n")
wr("pnm_p1n.pbm", b"P1\n5 2\n10101\n01110\n")
wr("pnm_max15.pgm", b"P5 5 2 15\n" + bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 15]))
wr("pnm_max100.ppm", b"P6 2 2 100\n" + bytes([0, 1, 50, 99, 100, 33, 4, 5, 66, 77, 88, 100]))
wr("pnm_max65535.pgm", b"P5 5 4 65535\n" + rb(40))
wr("pnm_max65535.ppm", b"P6 5 4 65535\n" + rb(120))
wr("pnm_max1000.pgm", b"P5 5 1 1000\n" + struct.pack(">5H", 0, 1, 500, 999, 1000))
wr("pnm_max1000.ppm", b"P6 1 2 1000\n" + struct.pack(">6H", 0, 1, 500, 999, 1000, 333))
wr("pnm_p3max.ppm", b"P3 2 1 1000 0 1 500 999 1000 333\n")
wr("pnm_p2max.pgm", b"P2 2 1 1000 0 500\n")
wr("pnm_comment.pgm", b"P5\n#hi\n5 #w\n2\n255\n" + rb(10))
wr("pnm_trunc.ppm", b"P6 20 20 255\n" + rb(100))
wr("pnm_over.pgm", b"P5 5 2 15\n" + bytes([0, 1, 2, 3, 4, 5, 6, 7, 200, 15]))
wr("pnm_p2trunc.pgm", b"P2 5 2 15\n0 1 2 3")
wr("pnm_pam.pam", b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + rb(12))
wr("pnm_pamrgba.pam", b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + rb(16))
wr("pnm_trail.ppm", b"P6 2 2 255\n" + rb(50))


# EXIF
def exif(o, ty=3, end=">", extra=b""):
    v = struct.pack(end + "HH", o, 0) if ty == 3 else struct.pack(end + "I", o) if ty == 4 else bytes([o, 0, 0, 0])
    return (
        (b"MM\0*" if end == ">" else b"II*\0")
        + struct.pack(end + "I", 8)
        + struct.pack(end + "HHHI", 1, 274, ty, 1)
        + v
        + b"\0\0\0\0"
    )


xmp = (
    lambda o, st='="%d"': b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation'
    + (st % o).encode()
    + b"/></rdf:RDF></x:xmpmeta>"
)
for o in list(range(0, 10)):
    for e in "><":
        wr(f'exif_{o}_{"be" if e==">" else "le"}.jpg', b[:2] + seg(0xE1, b"Exif\0\0" + exif(o, 3, e)) + b[2:])
    wr(f"exif_long_{o}.jpg", b[:2] + seg(0xE1, b"Exif\0\0" + exif(o, 4)) + b[2:])
    wr(f"exif_byte_{o}.jpg", b[:2] + seg(0xE1, b"Exif\0\0" + exif(o, 1)) + b[2:])
    wr(f"exif_afterxmp_{o}.jpg", b[:2] + seg(0xE1, xmp(1)) + seg(0xE1, b"Exif\0\0" + exif(o)) + b[2:])
    wr(f"exif_xmponly_{o}.jpg", b[:2] + seg(0xE1, xmp(o)) + b[2:])
    wr(f"exif_xmponlyel_{o}.jpg", b[:2] + seg(0xE1, xmp(o, ">%d<")) + b[2:])
    wr(f"exif_afterjfif_{o}.jpg", b[:20] + seg(0xE1, b"Exif\0\0" + exif(o)) + b[20:])
    wr(f"exif_twice_{o}.jpg", b[:2] + seg(0xE1, b"Exif\0\0" + exif(6)) + seg(0xE1, b"Exif\0\0" + exif(o)) + b[2:])
    pg = rd("png_rgb.png")
    ih = 33
    wr(f"exif_png_{o}.png", pg[:ih] + chunk(b"eXIf", exif(o)) + pg[ih:])
    wr(f"exif_png_end_{o}.png", pg[:-12] + chunk(b"eXIf", exif(o)) + pg[-12:])
    wr(f"exif_png_hdr_{o}.png", pg[:ih] + chunk(b"eXIf", b"Exif\0\0" + exif(o)) + pg[ih:])
    wr(
        f"exif_pngraw_{o}.png",
        pg[:ih]
        + chunk(
            b"zTXt",
            b"Raw profile type exif\0\0"
            + zlib.compress(b"\nexif\n%8d\n" % (len(exif(o)) + 6) + (b"Exif\0\0" + exif(o)).hex().encode() + b"\n"),
        )
        + pg[ih:],
    )
    wr(f"exif_pngxmp_{o}.png", pg[:ih] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(o)[29:]) + pg[ih:])
    save(f"exif_webp_{o}.webp", P, lossless=True, exif=b"Exif\0\0" + exif(o))
    save(f"exif_webpraw_{o}.webp", P, lossless=True, exif=exif(o))
    save(f"exif_webpxmp_{o}.webp", P, lossless=True, xmp=xmp(o)[29:])
    m = rd("mpo.mpo")
    wr(f"exif_mpo_{o}.mpo", m[:2] + seg(0xE1, b"Exif\0\0" + exif(o)) + m[2:])
    ex = Image.Exif()
    ex[274] = o
    try:
        save(f"exif_mpo2_{o}.jpg", P, format="MPO", save_all=True, append_images=[P.rotate(90)], exif=ex)
    except Exception as e:
        print(e)
wr("exif_broken.jpg", b[:2] + seg(0xE1, b"Exif\0\0MM\0*\0\0\0\xff") + b[2:])
wr("exif_broken2.jpg", b[:2] + seg(0xE1, b"Exif\0\0garbage") + b[2:])
wr("exif_cut.jpg", b[:2] + seg(0xE1, b"Exif\0\0" + exif(6)[:14]) + b[2:])
wr("exif_cmyk.jpg", rd("jpg_cmyk_90.jpg")[:2] + seg(0xE1, b"Exif\0\0" + exif(6)) + rd("jpg_cmyk_90.jpg")[2:])
save("big_1x300.png", P.resize((300, 1)))
save("tall_3x300.jpg", P.resize((3, 300)))
wr("empty.jpg", b"")
wr("text.png", b"hello")
pgb = rd("png_rgb.png")
for cut in (0.03, 0.3, 0.6, 0.9, 0.99):
    wr(f"png_cut{cut}.png", pgb[: int(len(pgb) * cut)])
wr("png_noiend.png", pgb[:-12])
k = pgb.index(b"IDAT") + 500
wr("png_corrupt.png", pgb[:k] + b"\x55\x66\x77" + pgb[k + 3 :])
wr("png_trail.png", pgb + b"zzz")
k = len(pgb) - 12 - 4
wr("png_badcrc.png", pgb[:k] + b"\1\2\3\4" + pgb[k + 4 :])
bb = rd("bmp_rgb.bmp")
for cut in (0.03, 0.3, 0.9):
    wr(f"bmp_cut{cut}.bmp", bb[: int(len(bb) * cut)])
wr("apng.png", b"")
save("apng.png", P, save_all=True, append_images=[P.rotate(180)])

warnings.simplefilter("ignore")
lines = []
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as out:
    for name in sorted(os.listdir(D)):
        try:
            image = ImageOps.exif_transpose(Image.open(D + name)).convert("RGB")
            pixels = hashlib.sha256(image.tobytes()).hexdigest()
            lines.append(f"{name}\t{image.height}\t{image.width}\t{pixels}")
        except Exception:
            lines.append(f"{name}\trefused")
        out.write(D + name, name)
    out.writestr("expected.tsv", "\n".join(lines) + "\n")
