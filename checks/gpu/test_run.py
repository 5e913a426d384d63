"""Runs checks/gpu/run.sh against stubs of vit4j, Maven, nvidia-smi and PyTorch, with a failure injected into each run.

    python3 checks/gpu/test_run.py        needs Bash and a JDK; no GPU, no PyTorch, no build; a minute or two

Standard library only. The stubs compute nothing: this tests the script, not the backend.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import workers

HERE = os.path.dirname(os.path.abspath(__file__))
STUB = os.path.join(HERE, "stub.py")
NAMES = ["vit4j", "mvn", "nvidia-smi", "python-stub"]


class RunTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = os.path.join(self.folder.name, "out")
        self.bin = os.path.join(self.folder.name, "bin")
        os.mkdir(self.bin)
        for name in NAMES:
            path = os.path.join(self.bin, name)
            with open(path, "w") as file:
                file.write(f'#!/usr/bin/env bash\nexec "{sys.executable}" "{STUB}" {name} "$@"\n')
            os.chmod(path, 0o755)

    def environment(self, fault, **variables):
        path = self.bin + os.pathsep + os.environ["PATH"]
        kept = {key: value for key, value in os.environ.items() if key not in ("CUDA_VISIBLE_DEVICES", "VIT4J_LIBTORCH")}
        stubs = {"VIT4J": os.path.join(self.bin, "vit4j"), "PYTHON": os.path.join(self.bin, "python-stub")}
        return {**kept, "PATH": path, "FAULT": fault, "STUB_STATE": self.folder.name, **stubs, **variables}

    def command(self, *words):
        words = words or ("--quick", "--networks", "vit_base")
        return [os.path.join(HERE, "run.sh"), *words, "--out", self.out]

    def run_sh(self, fault, *words, **variables):
        environment = self.environment(fault, **variables)
        done = subprocess.run(self.command(*words), capture_output=True, text=True, env=environment, timeout=120)
        self.output = done.stdout + done.stderr
        return done.returncode

    def results(self):
        with open(os.path.join(self.out, "results.json")) as file:
            results = json.load(file)
        with open(os.path.join(self.out, "table.md")) as file:
            self.table = file.read()
        return results

    def fails(self, fault, message, *words, **variables):
        """Expects exit code 1, a failure with this message in summary and results, and all the other steps passed."""
        self.assertEqual(self.run_sh(fault, *words, **variables), 1, self.output)
        results = self.results()
        self.assertEqual(results["status"], "failed")
        self.assertRegex("\n".join(results["failed"]), message)
        self.assertRegex(self.output, r"(?m)^FAILED: .*" + message)
        self.assertRegex(self.output, r"(?m)^FAILED after \d+ s: \d+ passed, \d+ failed")
        return results

    def refuses(self, fault, message, *words, code=1, **variables):
        """Expects one line on standard error before anything runs."""
        self.assertEqual(self.run_sh(fault, *words, **variables), code, self.output)
        self.assertRegex(self.output, message)
        self.assertFalse(os.path.exists(os.path.join(self.out, "results.json")))

    # Everything passes

    def test_all_steps_pass_and_both_are_timed(self):
        self.assertEqual(self.run_sh("", "--networks", "vit_base,vitae_tiny"), 0, self.output)
        results = self.results()
        self.assertEqual(results["status"], "passed")
        self.assertIn("Stub H100", results["card"])
        self.assertEqual(results["failed"], [])
        rows = {(row["network"], row["precision"]): row for row in results["speed"]}
        self.assertEqual(len(rows), 6)
        self.assertAlmostEqual(rows["vit_base", "tf32"]["vit4j"]["training_images_per_second"], 640)
        for side in ("vit4j", "pytorch"):
            self.assertEqual(rows["vit_base", "fp32"][side]["memory"], 1000 << 20)
        self.assertEqual(rows["vitae_tiny", "fp32"]["pytorch_missing"], "no peer package")
        self.assertIn("| vit_base | tf32 | 64 | 640.0 | 320.0 | 2.00 |", self.table)
        self.assertIn("over 500 steps", self.output)
        self.assertIn("several processes, which need two GPUs", "\n".join(results["not_checked"]))

    def test_quick_has_fewer_steps_and_no_tf32(self):
        self.assertEqual(self.run_sh(""), 0, self.output)
        self.assertIn("over 100 steps", self.output)
        self.assertEqual([row["precision"] for row in self.results()["speed"]], ["fp32", "bf16"])

    def test_two_gpus_are_compared_with_one(self):
        self.assertEqual(self.run_sh("two-gpus"), 0, self.output)
        self.assertIn("ok: losses of one process and of two differ by 0.0e+00", self.output)

    def test_cuda_visible_devices_selects_the_gpu(self):
        self.assertEqual(self.run_sh("two-gpus", CUDA_VISIBLE_DEVICES="GPU-beef"), 0, self.output)
        self.assertIn("Stub H100 GPU-beef", self.results()["card"])
        self.assertIn("not checked: several processes, which need two GPUs", self.output)

    # The machine lacks something

    def test_missing_tools_are_one_line(self):
        self.refuses("nvidia-smi-fails", "nvidia-smi fails: Failed to initialize NVML: Driver/library version mismatch")
        self.refuses("old-driver", "checks/gpu/run.sh: --device cuda:0 is not available: the NVIDIA driver 470.1 is too old")
        self.refuses("missing-library", "libcupti.so.13 is missing, .*; or use pip's libraries: pip install torch==2.10.0")
        self.refuses("crash", "vit4j cannot use cuda:0: A fatal error has been detected")
        self.refuses("no-build", "the build failed; see above")
        self.refuses("", "no JDK|of Java|no javac", JAVA_HOME="/nonexistent")
        self.refuses("", "has no libtorch_cpu.so", "--libtorch", self.folder.name)

    def test_no_nvidia_smi_and_no_driver_is_one_line(self):
        if os.path.exists("/proc/driver/nvidia/version"):
            self.skipTest("this machine has a driver")
        os.remove(os.path.join(self.bin, "nvidia-smi"))
        self.refuses("", "no nvidia-smi: no NVIDIA driver is installed")

    def test_wrong_options_are_one_line(self):
        self.refuses("", "unknown network 'vit_bse'; known: deit_tiny", "--networks", "vit_bse", code=2)
        self.refuses("", "--device must be cuda:N or cpu, is 'cuda'", "--device", "cuda", code=2)
        self.refuses("", "unknown option '--fast'", "--fast", code=2)
        self.refuses("", "must be positive", "--batch", "0", code=2)

    def test_python_without_timm_still_times_vit4j(self):
        self.assertEqual(self.run_sh("no-timm"), 0, self.output)
        row = self.results()["speed"][0]
        self.assertIn("No module named 'timm'", row["pytorch_missing"])
        self.assertIn("| vit_base | fp32 | 64 | 640.0 | - | - |", self.table)
        self.assertRegex(self.output, "(?m)^NOT CHECKED: speed next to PyTorch.*pip install timm transformers$")

    def test_gpu_memory_that_is_not_reported_is_not_checked(self):
        self.assertEqual(self.run_sh("no-memory"), 0, self.output)
        self.assertIn("not checked: growth of GPU memory: nvidia-smi does not report it", self.output)
        self.assertIsNone(self.results()["speed"][0]["vit4j"]["memory"])

    # A step fails, and the others run

    def test_failing_golden_cases_are_named(self):
        results = self.fails("goldens-fail", "119 of 121 golden cases agree with the reference: levit_s_1, vit_s_1")
        self.assertEqual(len(results["speed"]), 2)

    def test_golden_cases_without_a_result_fail(self):
        self.fails("goldens-crash", "golden cases: no result, exit code 1: .*COMPILATION ERROR")

    def test_skipped_golden_cases_fail(self):
        self.fails("goldens-none", "0 of 0 golden cases")

    def test_different_repeats_fail(self):
        self.fails("repeat-loss", "two equal trainings of digits-vit have equal losses")
        self.fails("repeat-file", "two equal trainings of digits-vit have equal losses")

    def test_a_failing_training_fails(self):
        results = self.fails("train-fails", "training on cuda:0 ends with exit code 1: vit4j: a kernel failed on the GPU")
        self.assertEqual(len(results["speed"]), 2)

    def test_growing_memory_fails(self):
        self.fails("host-leak", r"host memory grows by 200.0 MB over 100 steps, limit 27")
        self.fails("gpu-leak", r"GPU memory grows by 209.7 MB over 100 steps, limit 27")

    def test_exhausted_memory_halves_the_batch_of_both(self):
        for fault in ("vit4j-memory", "pytorch-memory"):
            self.assertEqual(self.run_sh(fault), 0, self.output)
            self.assertIn("vit_base fp32: out of memory, again with batch 32", self.output)
            self.assertIn("| vit_base | fp32 | 16 |", self.output)

    def test_memory_for_no_batch_fails(self):
        self.fails("no-batch", "speed of vit_base in fp32: vit4j: out of memory on cuda:0")

    def test_a_killed_worker_fails_and_pytorch_is_timed(self):
        results = self.fails("killed", r"speed of vit_base in fp32: no output \(exit code -9, .*\.log\)")
        self.assertIn("pytorch", results["speed"][0])

    def test_a_failing_pytorch_is_listed_with_its_reason(self):
        self.assertEqual(self.run_sh("pytorch-fails"), 0, self.output)
        self.assertIn("NOT CHECKED: PyTorch, vit_base in fp32: ImportError: no transformers", self.output)

    def test_other_lines_on_standard_output_are_ignored(self):
        self.assertEqual(self.run_sh("noise"), 0, self.output)

    # Time

    def test_hanging_workers_and_commands_are_stopped(self):
        log = os.path.join(self.folder.name, "log")
        sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
        worker = workers.Worker(sleeping, log, lambda: 1)
        with self.assertRaisesRegex(workers.WorkerFailure, "no answer in time"):
            worker.read()
        workers.stop(worker.process)
        worker.close()
        with self.assertRaisesRegex(workers.WorkerFailure, "did not end in 1 s"):
            workers.run(["bash", "-c", 'sleep 600 & echo $! >"$0"; wait', log + ".pid"], log, 1)
        with open(log + ".pid") as file:
            stopped = subprocess.run(["ps", "-o", "stat=", "-p", file.read().strip()], capture_output=True, text=True)
        self.assertIn(stopped.stdout.strip()[:1], ("", "Z"))

    def test_hanging_golden_cases_end_in_time(self):
        self.fails("goldens-hang", "goldens: WorkerFailure: did not end in", "--minutes", "0.05")
        self.assertIn("not checked: speed: time is up, see --minutes", self.output)

    def test_too_little_time_is_not_passed(self):
        self.assertEqual(self.run_sh("", "--minutes", "0.3"), 1, self.output)
        self.assertEqual(self.results()["status"], "incomplete")
        self.assertRegex(self.output, r"(?m)^INCOMPLETE after ")

    def test_interrupted_runs_keep_their_results(self):
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            environment = self.environment("hangs")
            process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True, env=environment)
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("== speed"):
                    time.sleep(0.5)
                    process.send_signal(one)
            process.stdout.close()
            self.assertEqual(process.wait(60), 1)
            self.assertIn("INTERRUPTED after", "".join(lines))
            results = self.results()
            self.assertEqual(results["status"], "interrupted")
            self.assertEqual(results["goldens"]["passed"], 121)
            stubs = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
            left = [line for line in stubs.splitlines() if STUB in line and self.folder.name in line]
            self.assertEqual(left, [])

    def test_earlier_results_are_not_overwritten(self):
        with open(os.path.join(HERE, "run.sh")) as file:
            self.assertTrue(re.search(r"target/gpu/\$\(date ", file.read()))


if __name__ == "__main__":
    unittest.main()
