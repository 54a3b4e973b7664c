import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.mvstore.MVStore;

/**
 * A server that speaks MongoDB's protocol, for tests where there is no Docker: {@code java -cp 'lib/*' Wrapper.java PORT FILE}.
 * It keeps its data in FILE, and listens on the loopback only.
 */
public class Wrapper extends H2Backend {
  private static final int DUPLICATE_KEY = 11000;
  private static final Pattern DUPLICATE = Pattern.compile("dup key: \\{ (.*) \\}");

  /** The oldest that PyMongo 4.20 talks to; drivers raise this floor, and what the library calls 5.0 lies below it. */
  private static final MongoVersion OLDEST_WELCOME = new MongoVersion() {
    @Override public List<Integer> getVersionArray() { return List.of(4, 4, 0); }
    @Override public int getWireVersion() { return 9; }
  };

  private Wrapper(MVStore store) {
    super(store);
  }

  @Override public Document handleMessage(MongoMessage message) {
    try {
      Document reply = super.handleMessage(understood(message));
      if (reply.get("writeErrors") instanceof List<?> errors) {
        for (Object error : errors) if (error instanceof Document document) nameKeys(document);
      }
      return reply;
    } catch (MongoServerError error) {
      if (error.getCode() != DUPLICATE_KEY) throw error;
      Document reply = new Document("ok", 0).append("errmsg", error.getMessageWithoutErrorCode())
          .append("code", DUPLICATE_KEY).append("codeName", "DuplicateKey");
      nameKeys(reply);
      return reply;
    }
  }

  /** The library knows the hello of older drivers only. */
  private static MongoMessage understood(MongoMessage message) {
    Document sent = message.getDocument();
    if (!sent.containsKey("hello")) return message;
    Document older = new Document("isMaster", 1);
    sent.forEach((name, value) -> { if (!name.equals("hello")) older.put(name, value); });
    return new MongoMessage(message.getChannel(), message.getHeader(), older);
  }

  /** MongoDB names the keys of a duplicate; the library has them in its message alone. */
  private static void nameKeys(Document error) {
    if (!Integer.valueOf(DUPLICATE_KEY).equals(error.get("code")) || error.containsKey("keyPattern")) return;
    Matcher found = DUPLICATE.matcher(String.valueOf(error.get("errmsg")));
    if (!found.find()) return;
    Document pattern = new Document();
    for (String part : found.group(1).split(", (?=[\\w.]+: )")) pattern.put(part.substring(0, part.indexOf(':')), 1);
    error.put("keyPattern", pattern);
  }

  public static void main(String[] arguments) {
    Wrapper backend = new Wrapper(new MVStore.Builder().fileName(arguments[1]).open());
    backend.version(OLDEST_WELCOME);
    MongoServer server = new MongoServer(backend);
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
    System.out.println(server.getConnectionString());
  }
}
