package org.vit4j;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.slf4j.LoggerFactory;

/** DL4J was built against slf4j 1.7 and we run 2: both must arrive in logback. */
class LoggingTest {
    @Test
    void aLineOfDl4jAndOneOfOursArriveInLogback() {
        assertThat(LoggerFactory.getILoggerFactory()).isInstanceOf(LoggerContext.class);
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        root.addAppender(lines);
        try {
            LoggerFactory.getLogger(LoggingTest.class).info("one of ours");
            org.slf4j.Logger theirs = nd4jLogger();
            theirs.warn("one of DL4J's");
        } finally {
            root.detachAppender(lines);
        }
        assertThat(lines.list).extracting(ILoggingEvent::getMessage).contains("one of ours", "one of DL4J's");
    }

    /** The logger that a class of ND4J itself holds, not one we asked for under its name. */
    private static org.slf4j.Logger nd4jLogger() {
        try {
            var field = SameDiff.class.getDeclaredField("log");
            field.setAccessible(true);
            return (org.slf4j.Logger) field.get(null);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("SameDiff keeps its logger elsewhere", e);
        }
    }
}
