package org.vit4j.cli;

/** Receives the results of {@code predict}, one image at a time. */
interface PredictionWriter extends AutoCloseable {
    void write(PredictedImage image);

    /** Ends the output. */
    @Override
    void close();
}
