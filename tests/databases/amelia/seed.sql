-- Made-up data. See expected.json for what must come out, as of 2026-11-23T08:00:00Z, window 2026-09-24 .. 2027-06-01.
SET NAMES utf8mb4;
INSERT INTO wp_options (option_name, option_value) VALUES ('timezone_string','Europe/Madrid'),('gmt_offset','1');
INSERT INTO wp_amelia_users (id, type, firstName, lastName, email, phone, birthday, timeZone) VALUES
 (1,'provider','Ana','Ruiz','ana@clinica.example','+34910000001',NULL,NULL),
 (10,'customer','Lucía','Gómez','lucia@mail.example','+34600000010','1990-05-01',NULL),
 (11,'customer','John','Smith','john@mail.example','+12125550111',NULL,'America/New_York'),
 (12,'customer','Chloé','Dupont-Lévy','chloe@mail.example','',NULL,NULL),
 (13,'customer','Zoë 😀','O\'Brien "Z"','zoe@mail.example',NULL,NULL,NULL),
 (14,'customer','Max','',NULL,'+4915100000014',NULL,NULL);
INSERT INTO wp_amelia_locations (id, name, address, phone) VALUES (1,'Centro','Calle Mayor 1','+34910000009');
INSERT INTO wp_amelia_services (id, name, minCapacity, maxCapacity, duration) VALUES (1,'Haircut',1,1,1800),(2,'Yoga class',1,10,3600);
INSERT INTO wp_amelia_appointments (id, status, bookingStart, bookingEnd, serviceId, providerId, locationId, googleMeetUrl, zoomMeeting) VALUES
 (1,'approved','2026-11-24 09:00:00','2026-11-24 09:30:00',1,1,1,NULL,'{"joinUrl":"https://zoom.example/1","startUrl":"https://zoom.example/s1"}'),
 (2,'approved','2026-11-25 17:00:00','2026-11-25 18:00:00',2,1,1,NULL,NULL),
 (3,'canceled','2026-11-24 10:00:00','2026-11-24 10:30:00',1,1,NULL,NULL,''),
 (4,'pending','2026-11-24 11:00:00','2026-11-24 11:30:00',1,1,NULL,'https://meet.example/4','{"joinUrl":null}'),
 (5,'no-show','2026-11-20 11:00:00','2026-11-20 11:30:00',1,1,NULL,NULL,'not JSON'),
 (6,'approved','2026-10-25 01:30:00','2026-10-25 02:00:00',1,1,NULL,NULL,NULL),
 (7,NULL,'2026-11-26 09:00:00','2026-11-26 09:30:00',1,1,NULL,NULL,NULL),
 (8,'approved','2029-01-15 09:00:00','2029-01-15 09:30:00',1,1,NULL,NULL,NULL);
INSERT INTO wp_amelia_customer_bookings (id, appointmentId, customerId, status, price, persons, customFields, info) VALUES
 (21,1,10,'approved',25,1,'{"1":{"label":"Seguro","value":"4711","type":"text"}}','{"firstName":"Lucía","lastName":"Gómez","locale":"es_ES","timeZone":null}'),
 (22,2,10,'canceled',12.5,1,NULL,'{"locale":"es_ES"}'),
 (23,2,10,'approved',12.5,1,NULL,'{"locale":"es_ES"}'),
 (24,2,11,'approved',12.5,3,NULL,'{"locale":"en_US","timeZone":"America/Chicago"}'),
 (25,2,12,'canceled',12.5,1,NULL,'{"locale":"fr_FR"}'),
 (26,2,13,'waiting',12.5,1,NULL,'{"locale":"pt_BR"}'),
 (27,3,12,'canceled',25,1,NULL,'{"locale":"fr_FR"}'),
 (28,4,14,'pending',25,1,NULL,NULL),
 (29,5,13,'no-show',25,1,NULL,''),
 (30,6,10,'approved',25,1,NULL,'{"locale":null}'),
 (31,7,11,NULL,25,1,NULL,'cut off {"loc'),
 (32,8,10,'approved',25,1,NULL,NULL),
 (33,NULL,10,'approved',40,1,NULL,NULL);
