//! The spooler: sessions and their states, the queue of notifications, the movements of mail.
