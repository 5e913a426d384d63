package org.vit4j.backend;

/**
 * Processes that train one network together, one for each device. All of them call the same methods in the same order;
 * each call waits for the others. Not thread-safe.
 */
public interface ProcessGroup extends AutoCloseable {
    /**
     * One process of a group.
     *
     * @param rank number of the process, from 0
     * @param size number of processes
     * @param device of this process, {@code cpu} or {@code cuda:N}
     * @param address host of process 0
     * @param port at which process 0 listens
     */
    record Membership(int rank, int size, String device, String address, int port) {
        public Membership {
            if (size < 1 || rank < 0 || rank >= size)
                throw new IllegalArgumentException("rank (" + rank + ") must be in [0, " + size + ")");
        }
    }

    /** A call failed because another process has ended, or the connection to it is lost. */
    final class GroupException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public GroupException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Number of this process, from 0. */
    int rank();

    /** Number of processes. */
    int size();

    /** Device of this process, {@code cpu} or {@code cuda:N}. */
    String device();

    /** Replaces values by their sums over all processes, which are the same bits in each. */
    void sum(FlatArray values);

    /** Returns the sums over all processes, the same bits in each. */
    double[] sum(double... values);

    /** Replaces values by those of process 0. */
    void broadcast(FlatArray values);

    /** Returns the text of process 0; the argument of the other processes is ignored. */
    default String broadcast(String text) {
        boolean first = rank() == 0;
        int length = (int) sum(first ? text.length() : 0)[0];
        double[] characters = new double[length];
        if (first) for (int i = 0; i < length; i++) characters[i] = text.charAt(i);
        StringBuilder received = new StringBuilder(length);
        for (double character : sum(characters)) received.append((char) character);
        return received.toString();
    }

    @Override
    void close();
}
