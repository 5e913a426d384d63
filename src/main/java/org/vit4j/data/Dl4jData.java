package org.vit4j.data;

import java.util.List;
import java.util.NoSuchElementException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Conversion between DL4J's {@link DataSetIterator} (and thus DataVec) and {@link BatchSource}, in both directions. DL4J's
 * images are [N, C, H, W], its labels one-hot [N, K].
 */
public final class Dl4jData {
    private Dl4jData() {}

    /**
     * Wraps a DL4J iterator as a source of batches for training and evaluation. Its images must already be preprocessed:
     * [N, C, H, W], or flat [N, C * H * W] as those of {@code MnistDataSetIterator}. The iterator is traversed once to count
     * its batches and reset before each epoch. It determines the order; an image's index is its position in that order.
     *
     * @throws IllegalArgumentException if the iterator cannot be reset; in {@code next()}, if shapes do not match
     */
    public static BatchSource source(DataSetIterator iterator, int height, int width, int channels) {
        if (!iterator.resetSupported()) {
            throw new IllegalArgumentException("the DataSetIterator must support reset()");
        }
        iterator.reset();
        int count = 0;
        while (iterator.hasNext()) {
            iterator.next();
            count++;
        }
        return new FromDl4j(iterator, count, height, width, channels);
    }

    /** Wraps batches as a DL4J iterator; it starts with epoch 0, and every {@code reset()} begins the next epoch. */
    public static DataSetIterator iterator(BatchSource source, List<String> classes) {
        return new ToDl4j(source, List.copyOf(classes));
    }

    /** [N, H, W, C] -> [N, C, H, W] */
    public static INDArray features(Batch batch) {
        long[] shape = {batch.size(), batch.height(), batch.width(), batch.channels()};
        return Nd4j.create(batch.images(), shape, 'c').permute(0, 3, 1, 2).dup('c');
    }

    /**
     * [N] -> [N, K], one-hot
     *
     * @throws IllegalArgumentException if a label is not the index of a class
     */
    public static INDArray oneHot(Batch batch, int classes) {
        int[] labels = batch.labels(classes);
        float[] ones = new float[batch.size() * classes];
        for (int i = 0; i < batch.size(); i++) ones[i * classes + labels[i]] = 1;
        return Nd4j.create(ones, new long[] {batch.size(), classes}, 'c');
    }

    private record FromDl4j(DataSetIterator iterator, int batchesPerEpoch, int height, int width, int channels)
            implements BatchSource {

        @Override
        public BatchIterator epoch(int epoch, int skipBatches) {
            iterator.reset();
            return new BatchIterator() {
                private int consumed;

                {
                    for (int i = 0; i < skipBatches && iterator.hasNext(); i++) {
                        consumed += iterator.next().numExamples();
                    }
                }

                @Override
                public boolean hasNext() {
                    return iterator.hasNext();
                }

                @Override
                public Batch next() {
                    if (!hasNext()) throw new NoSuchElementException();
                    Batch batch = batch(iterator.next(), consumed);
                    consumed += batch.size();
                    return batch;
                }

                @Override
                public void close() {}
            };
        }

        private Batch batch(DataSet data, int first) {
            INDArray features = data.getFeatures();
            INDArray labels = data.getLabels();
            int n = Math.toIntExact(features.size(0));
            boolean flat = features.rank() == 2 && features.size(1) == (long) channels * height * width;
            boolean planes = features.rank() == 4
                    && features.size(1) == channels
                    && features.size(2) == height
                    && features.size(3) == width;
            if (!flat && !planes) {
                throw new IllegalArgumentException("features must be [N, " + channels + ", " + height + ", " + width
                        + "] or flat (" + features.shapeInfoToString() + ")");
            }
            if (labels == null || labels.rank() != 2 || labels.size(0) != n) {
                throw new IllegalArgumentException("labels must be one-hot, [N, K]");
            }
            float[] images = features.castTo(DataType.FLOAT)
                    .reshape('c', n, channels, height, width)
                    .permute(0, 2, 3, 1)
                    .dup('c')
                    .data()
                    .asFloat();
            int[] indices = new int[n];
            for (int i = 0; i < n; i++) indices[i] = first + i;
            return new Batch(
                    n, height, width, channels, images, labels.argMax(1).toIntVector(), indices);
        }
    }

    private static final class ToDl4j implements DataSetIterator {
        private static final long serialVersionUID = 1L;

        private final transient BatchSource source;
        private final String[] classes;
        private transient BatchIterator batches;
        private transient DataSetPreProcessor preProcessor;
        private int epoch;
        private boolean begun;

        ToDl4j(BatchSource source, List<String> classes) {
            this.source = source;
            this.classes = classes.toArray(String[]::new);
            this.batches = source.epoch(0, 0);
        }

        @Override
        public boolean hasNext() {
            return batches.hasNext();
        }

        @Override
        public DataSet next() {
            Batch batch = batches.next();
            begun = true;
            DataSet data = new DataSet(features(batch), oneHot(batch, classes.length));
            data.setLabelNames(getLabels());
            if (preProcessor != null) preProcessor.preProcess(data);
            return data;
        }

        @Override
        public DataSet next(int examples) {
            throw new UnsupportedOperationException("the batch size is fixed");
        }

        /** Does nothing before the first batch, since DL4J often resets an iterator before its first use. */
        @Override
        public void reset() {
            if (!begun) return;
            begun = false;
            batches.close();
            batches = source.epoch(++epoch, 0);
        }

        @Override
        public boolean resetSupported() {
            return true;
        }

        /** Returns false: batches are already prefetched. */
        @Override
        public boolean asyncSupported() {
            return false;
        }

        @Override
        public int inputColumns() {
            throw new UnsupportedOperationException("images have no columns");
        }

        @Override
        public int totalOutcomes() {
            return classes.length;
        }

        /** Returns -1: the batch size is unknown before the first batch. */
        @Override
        public int batch() {
            return -1;
        }

        @Override
        public List<String> getLabels() {
            return List.of(classes);
        }

        @Override
        public void setPreProcessor(DataSetPreProcessor preProcessor) {
            this.preProcessor = preProcessor;
        }

        @Override
        public DataSetPreProcessor getPreProcessor() {
            return preProcessor;
        }
    }
}
