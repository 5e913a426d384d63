package org.vit4j;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.slf4j.LoggerFactory;

/** Logging of vit4j (slf4j 2) and DL4J (built against slf4j 1.7) through logback. */
@Tag("slow")
class LoggingTest {
    @Test
    void messagesOfDl4jAndVit4jReachLogback() {
        assertThat(LoggerFactory.getILoggerFactory()).isInstanceOf(LoggerContext.class);
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        root.addAppender(lines);
        try {
            LoggerFactory.getLogger(LoggingTest.class).info("from vit4j");
            nd4jLogger().warn("from ND4J");
        } finally {
            root.detachAppender(lines);
        }
        assertThat(lines.list).extracting(ILoggingEvent::getMessage).contains("from vit4j", "from ND4J");
    }

    /** The logger in a field of an ND4J class, created with the slf4j version that ND4J was built against. */
    private static org.slf4j.Logger nd4jLogger() {
        try {
            var field = SameDiff.class.getDeclaredField("log");
            field.setAccessible(true);
            return (org.slf4j.Logger) field.get(null);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("SameDiff has no field log", e);
        }
    }
}
