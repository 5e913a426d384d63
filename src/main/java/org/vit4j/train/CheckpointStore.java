package org.vit4j.train;

import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Keeps the checkpoints of a run, and describes how to recover from a failure. */
public interface CheckpointStore {
    /** Keeps nothing. */
    CheckpointStore NONE = new CheckpointStore() {
        @Override
        public Optional<TrainState> resume(Map<String, INDArray> arrays) {
            return Optional.empty();
        }

        @Override
        public void save(TrainState state, Map<String, INDArray> arrays) {}

        @Override
        public String recovery() {
            return "";
        }

        @Override
        public String recovery(int badFrom, boolean restartable) {
            return "";
        }
    };

    /** Fills the arrays from the newest valid checkpoint; returns empty if there is none. */
    Optional<TrainState> resume(Map<String, INDArray> arrays);

    /** Saves all arrays of a run by name. */
    void save(TrainState state, Map<String, INDArray> arrays);

    /** Advice after a failure that left all checkpoints valid, for the end of the message; may be empty. */
    String recovery();

    /**
     * Advice after divergence, for the end of the message; may be empty.
     *
     * @param badFrom checkpoints of this many or more optimizer steps are bad
     * @param restartable true if no step is done, so that nothing is lost by a restart
     */
    String recovery(int badFrom, boolean restartable);
}
