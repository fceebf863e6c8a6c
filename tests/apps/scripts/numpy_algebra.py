# numpy: linear algebra by its properties (last digits depend on the processor), exact results as they are.
import os
import sys

sys.path.insert(0, os.environ["SITE"])
import numpy as np

print(np.__version__, np.dtype(np.longdouble).itemsize)
rng = np.random.default_rng(7)
print(rng.integers(0, 1 << 40, 8), rng.permutation(12))
print(rng.standard_normal(4).round(9), rng.exponential(size=3).round(9))


def small(title, value):
    print(f"{title}: {'ok' if value < 1e-9 else value}")


for n in (3, 64, 200):
    a, b = rng.standard_normal((n, n)), rng.standard_normal((n, 5))
    x = np.linalg.solve(a, b)
    small(f"solve {n}", np.abs(a @ x - b).max())
    small(f"inverse {n}", np.abs(a @ np.linalg.inv(a) - np.eye(n)).max())
    u, s, vt = np.linalg.svd(a)
    small(f"svd {n}", np.abs((u * s) @ vt - a).max())
    q, r = np.linalg.qr(a)
    small(f"qr {n}", np.abs(q @ r - a).max() + np.abs(q.T @ q - np.eye(n)).max() + np.abs(np.tril(r, -1)).max())
    w, v = np.linalg.eigh(a @ a.T)
    small(f"eigh {n}", np.abs((a @ a.T) @ v - v * w).max())
    w, v = np.linalg.eig(a)
    small(f"eig {n}", np.abs(a @ v - v * w).max())
    c = np.linalg.cholesky(a @ a.T + np.eye(n))
    small(f"cholesky {n}", np.abs(c @ c.T - a @ a.T - np.eye(n)).max())
    print(f"det {n}: {np.linalg.slogdet(a)[0]:.0f} {np.linalg.slogdet(a)[1]:.8g} norm {np.linalg.norm(a, 2):.8g}")
    f = a.astype(np.float32)
    small(f"float32 {n}", (np.abs(f @ f - a @ a).max() > 1e-3).astype(float))
z = rng.standard_normal((32, 32)) + 1j * rng.standard_normal((32, 32))
small("complex", np.abs(z @ np.linalg.inv(z) - np.eye(32)).max())
signal = rng.standard_normal(5000)
small("fft", np.abs(np.fft.irfft(np.fft.rfft(signal), 5000) - signal).max())
small("fft of prime length", np.abs(np.fft.ifft(np.fft.fft(signal[:4999])) - signal[:4999]).max())
i = rng.integers(-1000, 1000, 100003)
print(np.sort(i)[::20000], np.argsort(i, kind="stable")[:5], np.unique(i).size, i.sum(), (i // 7 % 5).sum(), np.bitwise_xor.reduce(i))
print(np.cumsum(i)[-3:], np.bincount(i + 1000).max(), np.searchsorted(np.sort(i), [-500, 0, 500]), np.median(i))
h = np.linspace(-60000, 60000, 9).astype(np.float16)
print(h, np.frexp(np.float64(1e-310)), np.nextafter(np.float32(1), np.float32(2)))
with np.errstate(all="ignore"):
    odd = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e308])
    print(np.sqrt(odd), odd * 10, np.maximum(odd, 1), np.sign(odd), np.rint(odd), odd.astype(np.float32))
    print(np.isnan(odd), np.signbit(odd), np.divide(1, odd), np.fmod(7, odd[1:3]))
print(np.exp(signal[:3]).round(9), np.sin(signal[:3] * 100).round(9), np.arctan2(signal[:2], signal[2:4]).round(9))
print(np.array(["maple", "elm", "north"]), np.char.upper(["ab"]), np.datetime64("2024-02-29") + np.arange(2))
print(abs(np.polyfit(np.arange(6), np.arange(6) ** 2, 2)).round(6), np.einsum("ij,jk,ki", np.eye(3), np.ones((3, 3)), np.eye(3)))
