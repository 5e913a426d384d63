package app;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;

/**
 * A model with a queue. One thread takes all images that wait, up to the size of a batch, and computes them together: the
 * network uses all processors, and a batch of several images takes less time than the images one by one.
 */
@Component
public class Classifier implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(Classifier.class);

    private record Request(Image image, int k, CompletableFuture<List<Prediction>> answer) {}

    private final ClassifierProperties properties;
    private final BlockingQueue<Request> queue;
    private SavedModel model;
    private Thread worker;
    private volatile boolean running;

    Classifier(ClassifierProperties properties) {
        this.properties = properties;
        this.queue = new ArrayBlockingQueue<>(properties.queue());
    }

    /** Loads the model and computes one batch of each size, so that no request waits for compilation and memory. */
    @Override
    public void start() {
        long begun = System.nanoTime();
        model = SavedModel.load(properties.model());
        int channels = model.description().model().image().channels();
        Image black = new Image(64, 64, channels, new float[64 * 64 * channels]);
        for (int size = 1; size <= properties.maxBatch(); size *= 2) {
            model.predict(Collections.nCopies(size, black), 1);
        }
        running = true;
        worker = new Thread(this::work, "classifier");
        worker.start();
        LOG.info("{} is ready after {} ms", model.description().name(), (System.nanoTime() - begun) / 1_000_000);
    }

    /** Decodes an image on the calling thread and returns its most likely classes when they are computed. */
    CompletableFuture<List<Prediction>> classify(byte[] file, int k) {
        int channels = model.description().model().image().channels();
        Image decoded = ImageFile.read(file, "request", channels, properties.maxPixels());
        // Resized here: waiting photographs would fill the heap.
        Image image = model.description().preprocess().view(decoded);
        Request request = new Request(image, k, new CompletableFuture<>());
        if (!running || !queue.offer(request)) throw new RejectedExecutionException("the queue is full");
        return request.answer;
    }

    private void work() {
        List<Request> batch = new ArrayList<>();
        while (running || !queue.isEmpty()) {
            batch.clear();
            try {
                batch.add(queue.take());
            } catch (InterruptedException e) {
                continue; // stopped; the loop ends when the queue is empty
            }
            queue.drainTo(batch, properties.maxBatch() - 1);
            answer(batch);
        }
    }

    private void answer(List<Request> batch) {
        try {
            List<Image> images = batch.stream().map(Request::image).toList();
            int most = batch.stream().mapToInt(Request::k).max().orElseThrow();
            // predict computes 32 images at a time, and all of a smaller batch together.
            List<List<Prediction>> predictions = model.predict(images, most);
            LOG.debug("computed a batch of {}", batch.size());
            for (int i = 0; i < batch.size(); i++) {
                Request request = batch.get(i);
                request.answer.complete(predictions.get(i).subList(0, request.k));
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.error("a batch of {} failed", batch.size(), e);
            batch.forEach(request -> request.answer.completeExceptionally(e));
        }
    }

    /** Called after the web server has finished its requests. */
    @Override
    public void stop() {
        running = false;
        worker.interrupt();
        try {
            worker.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        model.close();
        LOG.info("the model is closed");
    }

    /** Before the web server, whose phases are above {@code DEFAULT_PHASE - 2048}, starts, and after it stops. */
    @Override
    public int getPhase() {
        return DEFAULT_PHASE - 4096;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    int classes() {
        return model.description().classes().size();
    }
}
