package org.vit4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.DataConfig;
import org.vit4j.data.DataLoader;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.image.Image;
import org.vit4j.run.RunConfig;

/**
 * Loads the training images of a config in a separate process, controlled by a line protocol, so that bench/data.py can
 * alternate with Pillow. Each command is answered by {@code {"images": n, "cpu": seconds, "wall": seconds}}.
 *
 * <pre>
 * decode SECONDS       reads and decodes, in one thread
 * eval SECONDS         transform of evaluation of decoded images, in one thread
 * crop SECONDS         random resized crop and flip of decoded images, in one thread
 * augment SECONDS      all transforms of the config, in one thread
 * load THREADS SECONDS batches of decoded and augmented images; the CPU time is that of the process
 * </pre>
 */
public final class DataWorker {
    private final DataConfig data;
    private final int batch;
    private final Dataset images;
    private final DataRates.Work work;
    private final Map<Integer, BatchIterator> epochs = new HashMap<>(); // by number of threads

    private DataWorker(RunConfig config) {
        data = config.data();
        batch = config.train().batch();
        images = data.open().train();
        work = new DataRates.Work(images, data);
    }

    /** Executes commands until the input ends. */
    public static void serve(RunConfig config, BufferedReader lines, PrintWriter answers) throws IOException {
        DataWorker worker = new DataWorker(config);
        answers.println("{\"ready\": \"data\"}");
        answers.flush();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(worker.answer(List.of(line.strip().split("\\s+"))));
            answers.flush();
        }
    }

    private String answer(List<String> words) {
        if (words.get(0).equals("load")) {
            return load(Integer.parseInt(words.get(1)), Double.parseDouble(words.get(2)));
        }
        DataRates.Stage stage = DataRates.Stage.valueOf(words.get(0).toUpperCase(Locale.ROOT));
        long start = System.nanoTime();
        DataRates.StageTime time = work.run(stage, Double.parseDouble(words.get(1)));
        return json(time.images(), time.seconds(), (System.nanoTime() - start) / 1e9);
    }

    /** Continues an epoch. Batches that were prefetched before the command are not counted. */
    private String load(int threads, double seconds) {
        BatchIterator epoch = epochs.computeIfAbsent(threads, this::epoch);
        for (int i = 0; i < 2 * threads + 1; i++) epoch.release(epoch.next());
        double cpu = processSeconds();
        long start = System.nanoTime();
        double wall = 0;
        int count = 0;
        while (wall < seconds) {
            Batch loaded = epoch.next();
            count += loaded.size();
            epoch.release(loaded);
            wall = (System.nanoTime() - start) / 1e9;
        }
        return json(count, processSeconds() - cpu, wall);
    }

    private BatchIterator epoch(int threads) {
        Dataset repeated = new RepeatedDataset(images);
        return new DataLoader(repeated, data.augment(), data.preprocess(), batch, true, true, 0, threads).epoch(0, 0);
    }

    /** A dataset whose epoch is longer than the measurement. */
    private record RepeatedDataset(Dataset images) implements Dataset {
        private static final int SIZE = 100_000;

        @Override
        public int size() {
            return SIZE;
        }

        @Override
        public Image image(int index) {
            return images.image(index % images.size());
        }

        @Override
        public boolean decodesOnAccess() {
            return images.decodesOnAccess();
        }

        @Override
        public int label(int index) {
            return images.label(index % images.size());
        }

        @Override
        public String name(int index) {
            return images.name(index % images.size());
        }

        @Override
        public List<String> classes() {
            return images.classes();
        }
    }

    private static double processSeconds() {
        return ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElse(Duration.ZERO)
                        .toNanos()
                / 1e9;
    }

    private static String json(int images, double cpu, double wall) {
        return String.format(Locale.ROOT, "{\"images\": %d, \"cpu\": %.6f, \"wall\": %.6f}", images, cpu, wall);
    }
}
