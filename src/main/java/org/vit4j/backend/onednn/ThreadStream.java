package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_default_flags;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_destroy;

import org.bytedeco.dnnl.dnnl_stream;

/** oneDNN's stream of one thread; streams must not be shared. Destroyed when it is collected, after its thread has ended. */
final class ThreadStream extends dnnl_stream {
    private static final ThreadLocal<ThreadStream> CURRENT = ThreadLocal.withInitial(ThreadStream::new);

    private ThreadStream() {
        Dnnl.check(dnnl_stream_create(this, Dnnl.engine(), dnnl_stream_default_flags), "stream");
        deallocator(new StreamDestroyer(this));
    }

    static ThreadStream current() {
        return CURRENT.get();
    }

    private static final class StreamDestroyer extends dnnl_stream implements Deallocator {
        StreamDestroyer(dnnl_stream stream) {
            super(stream);
        }

        @Override
        public void deallocate() {
            if (isNull()) return;
            dnnl_stream_destroy(this);
            setNull();
        }
    }
}
